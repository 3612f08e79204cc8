import Dispatch
import Reactor
import Testing

@testable import spanstorm

@Suite struct NameLookupTests {
  @Test func `a resolver that does not answer is waited for no longer than the limit`() {
    let end = DispatchSemaphore(value: 0)
    defer { end.signal() }
    let lookup = NameLookup(limit: .milliseconds(50)) { host, _ in
      end.wait()
      return .failure(ResolutionFault(host: host, reason: "too late"))
    }
    #expect {
      try lookup.addresses(of: "silent.example", port: 80)
    } throws: { error in
      "\(error)".contains("cannot resolve 'silent.example': no answer within 0.05 seconds")
    }
  }

  @Test func `an answer in time is the resolver's own, good or bad`() throws {
    let address = try SocketAddress(host: "127.0.0.1", port: 1)
    let good = NameLookup(limit: .seconds(20)) { _, _ in .success([address, address]) }
    #expect(try good.addresses(of: "a.example", port: 1).count == 2)
    let fault = ResolutionFault(host: "a.example", reason: "no address")
    let bad = NameLookup(limit: .seconds(20)) { _, _ in .failure(fault) }
    #expect(throws: fault) { try bad.addresses(of: "a.example", port: 1) }
  }
}
