import Testing
import TraceContext
import WebSocketProtocol

@testable import ReferenceServer

@Suite("The reference server, asked for extensions,")
struct ServedCompressionTests {
  private static let offers: [CompressionOffer] = [
    CompressionOffer(), CompressionOffer(serverNoContextTakeover: true, clientNoContextTakeover: true),
    CompressionOffer(serverMaxWindowBits: 9, clientMaxWindowBits: .atMost(9)),
    CompressionOffer(serverMaxWindowBits: 8, clientMaxWindowBits: .atMost(8)),
  ]

  @Test("compresses what it sends, to each member as agreed", arguments: offers)
  func compresses(offer: CompressionOffer) throws {
    let chat = try ServedChat(acceptsCompression: true)
    let sender = try ChatClient(port: chat.port, path: "/ws/chat/r/", compression: offer)
    let plain = try chat.join()
    #expect(sender.agreement != nil)
    #expect(plain.agreement == nil)
    for number in 1...20 as ClosedRange<UInt64> {
      let context = Traceparent.client(number)
      try sender.say(Message.chat(context, text: "hello hello hello"))
      #expect(try sender.hearContext().traceID == context.traceID)
      #expect(try plain.hearContext().traceID == context.traceID)
    }
    // A window of 256 bytes is too small for some of them: those go as they are.
    if offer.serverMaxWindowBits != 8 {
      #expect(sender.pool.received.messages == 20)
      #expect(sender.pool.received.wireBytes < sender.pool.received.plainBytes)
    }
    #expect(chat.stop())
  }

  @Test("agrees to nothing unless it is told to")
  func declines() throws {
    let chat = try ServedChat()
    let client = try ChatClient(
      port: chat.port, path: "/ws/chat/r/", compression: CompressionOffer(), subprotocols: ["a"])
    #expect(client.status == 101)
    #expect(client.agreement == nil)
    #expect(client.subprotocol == nil)
  }

  @Test("chooses the first subprotocol of the client's that it speaks")
  func subprotocols() throws {
    let chat = try ServedChat(subprotocols: ["a", "b"])
    let client = try ChatClient(port: chat.port, path: "/ws/chat/r/", subprotocols: ["c", "b", "a"])
    #expect(client.subprotocol == "b")
  }
}
