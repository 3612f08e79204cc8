import Testing

@testable import OTLPCollector

@Suite("Text and bytes in gRPC's header fields")
struct GRPCTextTests {
  @Test(
    "are percent-encoded but for printable ASCII",
    arguments: [("plain text", "plain text"), ("100%", "100%25"), ("a\nb", "a%0Ab"), ("über", "%C3%BCber"), ("", "")])
  func percent(text: String, encoded: String) {
    #expect(GRPCText.percentEncoded(text) == encoded)
  }

  @Test(
    "are base64 without padding (the test vectors of RFC 4648 §10)",
    arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")])
  func base64(text: String, encoded: String) {
    #expect(GRPCText.base64(Array(text.utf8)) == encoded)
  }

  @Test("are base64 of every byte")
  func everyByte() {
    let text = GRPCText.base64(Array(0...255))
    #expect(text.hasPrefix("AAECAwQFBgcICQ"))
    #expect(text.hasSuffix("/P3+/w"))
  }
}
