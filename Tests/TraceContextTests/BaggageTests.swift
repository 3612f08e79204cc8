import TestInputs
import Testing
import TraceContext

@Suite struct BaggageTests {
  @Test(
    arguments: [
      ("one member", "k=v", [.init(key: "k", value: "v")]),
      ("blanks around everything", " k = v , l = w ", [.init(key: "k", value: "v"), .init(key: "l", value: "w")]),
      ("empty members", ",k=v,,", [.init(key: "k", value: "v")]),
      ("nothing", "", []),
      ("an empty value", "k=", [.init(key: "k", value: "")]),
      ("equals signs in the value", "k=a=b==", [.init(key: "k", value: "a=b==")]),
      ("a key twice", "k=1,k=2", [.init(key: "k", value: "1"), .init(key: "k", value: "2")]),
      ("names in both cases", "K=1,k=2", [.init(key: "K", value: "1"), .init(key: "k", value: "2")]),
      ("percent-encoded ASCII", "k=a%20b%2C%22", [.init(key: "k", value: "a b,\"")]),
      ("percent-encoded UTF-8 in both cases", "k=%C3%a9", [.init(key: "k", value: "é")]),
      ("percent-encoded bytes that are no UTF-8", "k=%C3%28", [.init(key: "k", value: "\u{fffd}(")]),
      ("percent-encoded UTF-8 that ends early", "k=%E2%82", [.init(key: "k", value: "\u{fffd}")]),
      (
        "a percent sign that begins no escape", "k=100%,l=%4,m=%zz,n=%+1",
        [
          .init(key: "k", value: "100%"), .init(key: "l", value: "%4"), .init(key: "m", value: "%zz"),
          .init(key: "n", value: "%+1"),
        ]
      ),
      ("properties", "k=v;p;q=1 ; r = a=b", [.init(key: "k", value: "v", properties: ["p", "q=1", "r = a=b"])]),
      ("every token character in a key", "!#$%&'*+-.^_`|~aZ9=1", [.init(key: "!#$%&'*+-.^_`|~aZ9", value: "1")]),
    ] as [(String, String, [Baggage.Member])])
  func theMembersAreRead(label: String, text: String, members: [Baggage.Member]) throws {
    let baggage = try Baggage(text)
    #expect(baggage.members == members)
    #expect(try Baggage(baggage.text) == baggage)
  }

  @Test(
    arguments: [
      ("no equals sign", "k=v,oops", .missingEquals(member: 1)),
      ("an equals sign in a property only", "k;p=1", .missingEquals(member: 0)),
      ("no key", "=v", .malformedKey(member: 0)),
      ("a blank in the key", "a b=v", .malformedKey(member: 0)),
      ("a letter outside ASCII in the key", "é=v", .malformedKey(member: 0)),
      ("a blank in the value", "k=a b", .malformedValue(member: 0)),
      ("a quote in the value", "k=\"v\"", .malformedValue(member: 0)),
      ("a backslash in the value", "k=a\\b", .malformedValue(member: 0)),
      ("a letter outside ASCII in the value", "k=é", .malformedValue(member: 0)),
      ("a control character in the value", "k=a\u{1}", .malformedValue(member: 0)),
      ("an empty property", "k=v;", .malformedProperty(member: 0)),
      ("a property without a key", "k=v;=1", .malformedProperty(member: 0)),
      ("a blank in a property's key", "k=v;p q", .malformedProperty(member: 0)),
      ("a blank in a property's value", "l=w,k=v;p=a b", .malformedProperty(member: 1)),
      ("a quote in a property's value", "k=v;p=\"\"", .malformedProperty(member: 0)),
    ] as [(String, String, BaggageFault)])
  func theTextIsRefused(label: String, text: String, fault: BaggageFault) {
    #expect(throws: fault) { try Baggage(text) }
  }

  @Test func thereMayBe180Members() throws {
    let members = (1...180).map { "k\($0)=v" }
    #expect(try Baggage(members.joined(separator: ",")).members.count == 180)
    #expect(throws: BaggageFault.tooManyMembers(181)) {
      try Baggage((members + ["one-more=v"]).joined(separator: ","))
    }
  }

  @Test func whatEveryParticipantPropagatesIsRead() throws {
    let value = String(repeating: "v", count: Baggage.byteMinimum / Baggage.memberMinimum - 5)
    let text = (10..<10 + Baggage.memberMinimum).map { "k\($0)=\(value)" }.joined(separator: ",")
    #expect(text.utf8.count == Baggage.byteMinimum - 1)
    #expect(try Baggage(text).text == text)
  }

  @Test(arguments: [3, 4] as [UInt64])
  func anyValueComesBackFromItsText(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    for round in 0..<300 {
      let value = String(decoding: dice.bytes(dice.below(20)), as: UTF8.self)
      let encoded = value.utf8.map { "%" + String(HexText.string(UInt64($0)).suffix(2)) }.joined()
      let baggage = try Baggage("k=\(encoded);p")
      #expect(baggage.members == [.init(key: "k", value: value, properties: ["p"])], "seed \(seed), round \(round)")
      #expect(try Baggage(baggage.text) == baggage, "seed \(seed), round \(round)")
    }
  }
}
