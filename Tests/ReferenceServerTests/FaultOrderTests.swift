import Testing

@testable import ReferenceServer

@Suite struct FaultOrderTests {
  @Test(
    arguments: [
      ("context-leak", .contextLeak, 1), ("context-leak=100%", .contextLeak, 1), ("copy-lost=0.1%", .copyLost, 0.001),
      ("span-dropped=33.5%", .spanDropped, 0.335), ("wrong-kind=1e-05%", .wrongKind, 1e-7),
    ] as [(String, Fault, Double)])
  func `a name, and a share behind it, are read and written`(text: String, fault: Fault, share: Double) throws {
    let order = try FaultOrder(text)
    #expect(order.fault == fault)
    #expect(abs(order.share - share) < 1e-12)
    #expect(try FaultOrder(order.description) == order)
  }

  @Test(
    arguments: [
      ("", .unknownFault("")), ("leak", .unknownFault("leak")), ("=1%", .unknownFault("")),
      ("Context-Leak", .unknownFault("Context-Leak")), ("context-leak=", .malformedShare("")),
      ("context-leak=1", .malformedShare("1")), ("context-leak=%", .malformedShare("%")),
      ("context-leak=1%%", .malformedShare("1%%")), ("context-leak=nan%", .malformedShare("nan%")),
      ("context-leak=inf%", .malformedShare("inf%")), ("context-leak=0x1%", .malformedShare("0x1%")),
      ("context-leak= 1%", .malformedShare(" 1%")), ("context-leak=1%=2%", .malformedShare("1%=2%")),
      ("context-leak=0%", .shareOutOfRange("0%")), ("context-leak=-1%", .shareOutOfRange("-1%")),
      ("context-leak=100.1%", .shareOutOfRange("100.1%")), ("context-leak=9e99%", .shareOutOfRange("9e99%")),
    ] as [(String, FaultOrderFault)])
  func `any other text is refused by its reason`(text: String, reason: FaultOrderFault) {
    #expect(throws: reason) { try FaultOrder(text) }
  }
}
