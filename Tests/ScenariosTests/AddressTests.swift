import Testing

@testable import Scenarios

@Suite struct AddressRangeTests {
  @Test(arguments: [
    ("127.0.0.2", ["127.0.0.2"]), ("::1", ["::1"]), ("10.0.0.0/30", ["10.0.0.1", "10.0.0.2"]),
    ("10.0.0.7/32", ["10.0.0.7"]), ("10.0.0.6/31", ["10.0.0.6", "10.0.0.7"]),
    ("10.0.0.255/30", ["10.0.0.253", "10.0.0.254"]),
  ])
  func aRangeHasItsHosts(word: String, hosts: [String]) {
    #expect(AddressRange(word)?.hosts == hosts)
  }

  @Test func theLargestRangeIsBounded() {
    #expect(AddressRange("10.0.0.0/20")?.hosts.count == 4094)
    #expect(AddressRange("10.0.0.0/19") == nil)
  }

  @Test(arguments: [
    "", "localhost", "127.0.0", "127.0.0.256", "1.2.3.4.5", "1.2.3.-4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "/8",
    "1..2.3", "0001.2.3.4", "::1/64", "g::1",
  ])
  func anythingElseIsNone(word: String) {
    #expect(AddressRange(word) == nil)
  }
}

@Suite struct HostAndPortTests {
  @Test(arguments: [
    ("127.0.0.1:8000", "127.0.0.1", 8000), ("[::1]:80", "::1", 80), ("chat.example:65535", "chat.example", 65535),
  ])
  func aServerIsRead(word: String, host: String, port: UInt16) {
    #expect(HostAndPort(word)?.host == host)
    #expect(HostAndPort(word)?.port == port)
  }

  @Test(arguments: ["", ":80", "host", "host:", "host:0", "host:65536", "host:-1", "host:8o"])
  func anythingElseIsNone(word: String) { #expect(HostAndPort(word) == nil) }
}
