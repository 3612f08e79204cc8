import Planning
import Scenarios
import Testing
import TransportSecurity

@Suite struct TargetURLTests {
  private static func plan(_ url: String, target: String? = nil) throws -> Plan {
    try Plan(scenario: scenario(url: url), seed: 1, target: target)
  }

  @Test(
    arguments: [
      ("a name", "ws://host", "host", 80, "host", "/"), ("a port", "ws://host:8000", "host", 8000, "host:8000", "/"),
      ("port 80", "ws://host:80/", "host", 80, "host", "/"),
      ("port 443", "ws://host:443/", "host", 443, "host:443", "/"),
      ("the highest port", "ws://host:65535/", "host", 65535, "host:65535", "/"),
      ("a port with zeros", "ws://host:0080/", "host", 80, "host", "/"),
      ("a path", "ws://host/a/b", "host", 80, "host", "/a/b"),
      ("a query", "ws://host/a?b=c&d=/", "host", 80, "host", "/a?b=c&d=/"),
      ("a query only", "ws://host?b", "host", 80, "host", "/?b"),
      ("IPv4", "ws://127.0.0.1:1/x", "127.0.0.1", 1, "127.0.0.1:1", "/x"),
      ("IPv6", "ws://[::1]/x", "::1", 80, "[::1]", "/x"),
      ("IPv6 and a port", "ws://[fe80::1]:8000", "fe80::1", 8000, "[fe80::1]:8000", "/"),
      ("capitals", "WS://Host/A", "Host", 80, "Host", "/A"),
      ("an at sign in the path", "ws://host/@a:b", "host", 80, "host", "/@a:b"),
      ("TLS", "wss://host/x", "host", 443, "host", "/x"), ("TLS in capitals", "WSS://host", "host", 443, "host", "/"),
      ("TLS and its port", "wss://host:443", "host", 443, "host", "/"),
      ("TLS on port 80", "wss://host:80/", "host", 80, "host:80", "/"),
      ("TLS and IPv6", "wss://[::1]/", "::1", 443, "[::1]", "/"),
      ("a URL in the query", "ws://host/?u=ws://x", "host", 80, "host", "/?u=ws://x"),
    ] as [(String, String, String, UInt16, String, String)])
  func theURLIsTakenApart(label: String, url: String, host: String, port: UInt16, authority: String, path: String)
    throws
  {
    let plan = try Self.plan(url)
    #expect(plan.target.host == host)
    #expect(plan.target.port == port)
    #expect(plan.target.authority == authority)
    #expect(plan.path(ofConnection: 0) == path)
  }

  @Test(
    arguments: [
      ("HTTP", "http://host/", .unknownScheme("http")), ("no scheme", "://host/", .unknownScheme("")),
      ("no host", "ws:///x", .malformedURL("ws://")),
      ("a port without a host", "ws://:80/", .malformedURL("ws://:80")),
      ("user information", "ws://user:secret@host/", .malformedURL("ws://user:secret@host")),
      ("port 0", "ws://host:0/", .malformedURL("ws://host:0")),
      ("a port that is too high", "ws://host:65536/", .malformedURL("ws://host:65536")),
      ("a port with a sign", "ws://host:+80/", .malformedURL("ws://host:+80")),
      ("no port behind the colon", "ws://host:/", .malformedURL("ws://host:")),
      ("words for a port", "ws://host:http/", .malformedURL("ws://host:http")),
      ("IPv6 without brackets", "ws://::1/", .malformedURL("ws://::1")),
      ("IPv6 with one bracket", "ws://[::1/", .malformedURL("ws://[::1")),
      ("empty brackets", "ws://[]/", .malformedURL("ws://[]")),
      ("text behind the brackets", "ws://[::1]x/", .malformedURL("ws://[::1]x")),
      ("a blank in the host", "ws://a b/", .malformedURL("ws://a b")),
      ("a blank in the path", "ws://host/a b", .malformedURL("ws://host/a b")),
      ("a fragment", "ws://host/a#b", .malformedURL("ws://host/a#b")),
      ("a fragment behind the host", "ws://host#b", .malformedURL("ws://host#b")),
      ("letters outside ASCII in the path", "ws://host/é", .malformedURL("ws://host/é")),
      ("letters outside ASCII in the host", "ws://hôst/", .malformedURL("ws://hôst")),
      ("braces in the path", "ws://host/{x}", .malformedURL("ws://host/{x}")),
      ("a template in the host", "ws://{{ room }}.example/x", .malformedURL("ws://{{ … }}.example/x")),
      ("a template in the port", "ws://host:{{ room }}/x", .malformedURL("ws://host:{{ … }}/x")),
      ("a template at the start", "{{ room }}://host/x", .malformedURL("{{ … }}://host/x")),
    ] as [(String, String, PlanFault)])
  func theURLIsRefused(label: String, url: String, fault: PlanFault) {
    #expect(throws: fault) { try Self.plan(url) }
    #expect(!fault.description.isEmpty)
  }

  @Test(
    arguments: [
      ("an origin", "ws://other:9", "other", 9, "/room-0/0"),
      ("an origin and a slash", "ws://other:9/", "other", 9, "/room-0/0"),
      ("a whole URL", "ws://other/p?q", "other", 80, "/p?q"), ("a query only", "ws://other?q", "other", 80, "/?q"),
    ] as [(String, String, String, UInt16, String)])
  func theCommandLinesTargetReplacesTheOriginOrAll(
    label: String, target: String, host: String, port: UInt16, path: String
  ) throws {
    let plan = try Self.plan("ws://host:8000/{{ room }}/{{ connection.index }}", target: target)
    #expect(plan.target.host == host)
    #expect(plan.target.port == port)
    #expect(plan.path(ofConnection: 0) == path)
  }

  @Test(
    arguments: [
      ("no URL", "other", .malformedURL("other")),
      ("nothing", "", .malformedURL("")),
      ("a template", "ws://other/{{ room }}", .malformedURL("ws://other/{{ room }}")),
    ] as [(String, String, PlanFault)])
  func theCommandLinesTargetIsRefused(label: String, target: String, fault: PlanFault) {
    #expect(throws: fault) { try Self.plan("ws://host", target: target) }
  }

  @Test func aScenarioForTLSMayBePlannedForATargetWithoutAndTheOtherWayRound() throws {
    let plain = try Self.plan("wss://host/x", target: "ws://local:1")
    #expect(plain.path(ofConnection: 0) == "/x")
    #expect(plain.tls == nil)
    #expect(try Self.plan("ws://host/x", target: "wss://local:1").tls == TLSConfiguration())
    #expect(try Self.plan("wss://host/x").tls?.verifiesServer == true)
    #expect(try Self.plan("ws://host/x").tls == nil)
  }

  @Test(arguments: [
    ("places by their kind", "ws://host:8/{{ room }}/{{ connection.index }}", "ws://host:8/{group}/{connection}"),
    ("no query", "ws://host/a?token=secret", "ws://host/a?…"),
    ("a secret in a query only", "ws://host?{{ room }}", "ws://host/?…"),
    ("an address", "ws://[::1]/", "ws://[::1]/"), ("TLS", "WSS://host:443/a", "wss://host/a"),
  ])
  func theURLIsShownWithoutItsQuery(label: String, url: String, text: String) throws {
    #expect(try Self.plan(url).target.description == text)
  }
}
