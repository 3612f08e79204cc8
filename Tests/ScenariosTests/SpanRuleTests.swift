import Scenarios
import Testing
import TraceContext

@Suite("A span rule")
struct SpanRuleTests {
  private static func rule(_ lines: String, trace: String = "fresh", echo: String = "") throws -> SpanRule {
    let yaml = """
      name: spans
      target: { url: "ws://host/{{ room }}" }
      upgrade: {}
      groups: { room: 2 }
      load: { connections: 2, phases: [{ for: 1s, rate: 1/s }] }
      messages:
        chat:
          body: { id: "{{ message.id }}" }
          trace: \(trace)
          echo: { match: { id: "{{ message.id }}" } }
          spans:
            - { name: receive, \(lines) }
      """
    return try #require(try Scenario(yaml: yaml, file: "s.yaml").messages.first?.spans.first)
  }

  @Test("says as little as its name")
  func least() throws {
    let rule = try Self.rule("count: 1")
    #expect(rule.name == NamePattern("receive"))
    #expect(rule.kind == nil && rule.scope == nil && rule.status == nil && rule.isRemote == nil)
    #expect(!rule.isOptional && !rule.isAsync)
    #expect(rule.attributes.isEmpty && rule.links.isEmpty && rule.events.isEmpty && rule.children.isEmpty)
    #expect(rule.count == .fixed(1))
    #expect(rule.entry == .client)
  }

  @Test("says all that can be demanded of a span")
  func most() throws {
    let rule = try Self.rule(
      """
      kind: server, count: any, optional: true, async: true, scope: "lib.*", status: ok, remote: false, parent: link,
        attributes: { room: "{{ room }}", size: 7, ratio: 1.5, ok: true, id: { present: true }, pw: { present: false } },
        links: [client, connection, any], events: ["Unknown*", received], children: [save]
      """)
    #expect(rule.kind == .server)
    #expect(rule.count == nil)
    #expect(rule.isOptional && rule.isAsync)
    #expect(rule.scope == NamePattern("lib.*"))
    #expect(rule.status == .ok)
    #expect(rule.isRemote == false)
    #expect(rule.entry == .link)
    #expect(
      rule.attributes == [
        AttributeRule(key: "room", value: .text(Template([.value(.groupName)]))),
        AttributeRule(key: "size", value: .number("7")), AttributeRule(key: "ratio", value: .number("1.5")),
        AttributeRule(key: "ok", value: .bool(true)), AttributeRule(key: "id", value: .present),
        AttributeRule(key: "pw", value: .absent),
      ])
    #expect(rule.links == [.client, .connection, .any])
    #expect(rule.events == [NamePattern("Unknown*"), NamePattern("received")])
    #expect(rule.children.map(\.name) == [NamePattern("save")])
  }

  @Test(
    "begins a trace of its own where the message carries none of ours",
    arguments: [
      ("fresh", EntryParent.client), ("connection", .client), ("sticky", .client), ("none", .root),
      ("{ raw: nonsense }", .root),
    ])
  func entries(trace: String, entry: EntryParent) throws {
    #expect(try Self.rule("count: 1", trace: trace).entry == entry)
  }
}
