import Planning
import Scenarios
import Testing
import VirtualUsers
import WebSocketProtocol

@Suite("The handshake of a plan's connection")
struct HandshakeOfAPlanTests {
  private func request(_ target: String, connection: Int = 3) throws -> [String] {
    let yaml = """
      name: n
      target: { url: "ws://h:81/{{ room }}?q=1"\(target) }
      groups: { room: 2 }
      load: { connections: 4, phases: [{ for: 1s, rate: 1/s }] }
      messages: { chat: { body: {} } }

      """
    let plan = try Plan(scenario: Scenario(yaml: yaml, file: "s.yaml"), seed: 1)
    let handshake = ClientHandshake(plan, connection: connection, key: "dGhlIHNhbXBsZSBub25jZQ==")
    return String(decoding: handshake.request, as: UTF8.self).split(separator: "\r\n").map(String.init)
  }

  @Test("asks for nothing that the scenario does not ask for")
  func plain() throws {
    #expect(
      try request("") == [
        "GET /room-1?q=1 HTTP/1.1", "Host: h:81", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
      ])
  }

  @Test(
    "has a field for each wish",
    arguments: [
      (", compression: true", ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]),
      (
        ", compression: { client-no-context-takeover: true, server-no-context-takeover: true, client-max-window-bits: 12, server-max-window-bits: 10 }",
        [
          "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12"
        ]
      ), (", subprotocols: [chat.v2, chat]", ["Sec-WebSocket-Protocol: chat.v2, chat"]),
      (", auth: { basic: \"user{{ connection.index }}:pass:word\" }", ["Authorization: Basic dXNlcjM6cGFzczp3b3Jk"]),
      (", auth: { bearer: \"t-{{ room }}\" }", ["Authorization: Bearer t-room-1"]),
      (", cookies: { a: \"{{ connection.index }}\", b: \"\" }", ["Cookie: a=3; b="]),
      (
        ", headers: { X-A: \"1\" }, auth: { bearer: t }, cookies: { c: d }",
        ["X-A: 1", "Authorization: Bearer t", "Cookie: c=d"]
      ),
    ])
  func wishes(target: String, fields: [String]) throws {
    #expect(try Array(request(target).dropFirst(6)) == fields)
  }
}
