import Testing
import TraceContext

/// The rows come from the W3C trace-context suite (its number) and from our catalogue (TS-…).
@Suite struct TracestateTests {
  typealias Members = [(String, String)]

  @Test(
    arguments: [
      ("W3C 25, TS-01: two members", "foo=1,bar=2", [("foo", "1"), ("bar", "2")]),
      ("W3C 28, TS-05: nothing", "", []),
      ("W3C 28: blanks only", " \t ", []),
      ("W3C 28: an empty field before", ",foo=1", [("foo", "1")]),
      ("W3C 28: an empty field behind", "foo=1,", [("foo", "1")]),
      ("TS-07: empty members", "foo=1,,bar=2, ,\t,", [("foo", "1"), ("bar", "2")]),
      ("W3C 29: three fields, combined in order", "foo=1,bar=2,rojo=1", [("foo", "1"), ("bar", "2"), ("rojo", "1")]),
      ("W3C 32, TS-06: spaces around the comma", "foo=1 , bar=2", [("foo", "1"), ("bar", "2")]),
      ("W3C 32, TS-06: tabs around the comma", "foo=1\t,\tbar=2", [("foo", "1"), ("bar", "2")]),
      ("W3C 32: spaces at both ends", " foo=1 ", [("foo", "1")]),
      ("W3C 32: tabs and spaces at both ends", "\t foo=1 \t", [("foo", "1")]),
      ("TS-15: spaces before the value belong to it", "foo=  1", [("foo", "  1")]),
      ("TS-15: spaces inside of the value", "foo=a  b", [("foo", "a  b")]),
      ("keys differ by their case-less letters only", "a=1,a1=1,a-=1", [("a", "1"), ("a1", "1"), ("a-", "1")]),
    ] as [(String, String, Members)], Tracestate.SpecLevel.allCases)
  func theMembersAreRead(row: (String, String, Members), level: Tracestate.SpecLevel) throws {
    let tracestate = try Tracestate(row.1, level: level)
    #expect(tracestate.members == row.2.map { Tracestate.Member(key: $0.0, value: $0.1) }, "\(row.0)")
    #expect(try Tracestate(tracestate.text, level: level) == tracestate)
  }

  @Test(arguments: Tracestate.SpecLevel.allCases)
  func everyAllowedCharacterIsKept(level: Tracestate.SpecLevel) throws {  // W3C 31
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
    let value = String(decoding: (0x20...0x7e).filter { $0 != 0x2c && $0 != 0x3d }.map { UInt8($0) }, as: UTF8.self)
    for text in ["\(key)=\(value)", "\(key)=\(value)!", "a\(key)@a-z=\(value)"] {
      #expect(try Tracestate(text, level: level).text == text)
    }
  }

  @Test func noOtherByteMayStandInAKeyOrAValue() {
    for byte in UInt8.min...0x7f {
      let character = String(decoding: [byte], as: UTF8.self)
      let isKey = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@".utf8.contains(byte)
      let isValue = (0x20...0x7e).contains(byte) && byte != 0x2c && byte != 0x3d
      // A comma or an equals sign inside makes other members of the text.
      if byte != 0x2c, byte != 0x3d {
        #expect(((try? Tracestate("k\(character)k=1")) != nil) == isKey, "byte \(byte) in a key")
        #expect(((try? Tracestate("k=1\(character)1")) != nil) == isValue, "byte \(byte) in a value")
      }
    }
  }

  @Test(
    arguments: [
      ("W3C 33: a blank before the equals sign", "foo =1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("W3C 33, TS-13: capitals", "FOO=1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("W3C 33: a dot", "foo.bar=1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("W3C 34, TS-12: nothing behind the @", "foo@=1", .malformedKey(member: 0), nil),
      ("W3C 34, TS-12: two @", "foo@@bar=1", .malformedKey(member: 0), nil),
      ("W3C 34: three parts", "foo@bar@baz=1", .malformedKey(member: 0), nil),
      ("W3C 34, TS-13: nothing before the @", "@foo=1,bar=2", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("TS-11: a digit first", "0foo=1", .malformedKey(member: 0), nil),
      ("a digit first in a tenant", "0foo@bar=1", nil, nil),
      ("a digit first in a system", "foo@0bar=1", .malformedKey(member: 0), nil),
      ("an underscore first", "_foo=1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("no key", "=1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("W3C 36: a key of 256", "\(a(256))=1", nil, nil),
      ("W3C 36, TS-14: a key of 257", "\(a(257))=1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("W3C 36: a tenant of 241 and a system of 14", "\(a(241))@\(a(14))=1", nil, nil),
      ("W3C 36: a tenant of 242", "\(a(242))@v=1", .malformedKey(member: 0), nil),
      ("W3C 36: a system of 15", "t@\(a(15))=1", .malformedKey(member: 0), nil),
      ("W3C 36: 257 with an @", "\(a(242))@\(a(14))=1", .malformedKey(member: 0), .malformedKey(member: 0)),
      ("TS-14: a value of 256", "foo=\(a(256))", nil, nil),
      ("TS-14: a value of 257", "foo=\(a(257))", .malformedValue(member: 0), .malformedValue(member: 0)),
      (
        "W3C 37, TS-16: an equals sign in the value", "foo=bar=baz", .malformedValue(member: 0),
        .malformedValue(member: 0)
      ),
      ("W3C 37, TS-16: no value", "foo=,bar=3", .malformedValue(member: 0), .malformedValue(member: 0)),
      ("a value of blanks is none", "foo=  ,bar=3", .malformedValue(member: 0), .malformedValue(member: 0)),
      ("TS-16: a control character", "bar=2,foo=a\u{1}b", .malformedValue(member: 1), .malformedValue(member: 1)),
      ("TS-16: a tab inside of the value", "foo=a\tb", .malformedValue(member: 0), .malformedValue(member: 0)),
      ("TS-16: DEL", "foo=a\u{7f}b", .malformedValue(member: 0), .malformedValue(member: 0)),
      ("TS-16: not ASCII", "foo=é", .malformedValue(member: 0), .malformedValue(member: 0)),
      ("no equals sign", "bar=2,,foo", .missingEquals(member: 1), .missingEquals(member: 1)),
      ("W3C 30, TS-10: a key twice with one value", "foo=1,foo=1", .duplicateKey(member: 1), .duplicateKey(member: 1)),
      (
        "W3C 30, TS-10: a key twice with two values", "foo=1,b=2,foo=2", .duplicateKey(member: 2),
        .duplicateKey(member: 2)
      ),
      ("W3C 35, TS-08: 32 members", members(32), nil, nil),
      ("W3C 35: 32 members and empty ones", members(32) + ",,", nil, nil),
      ("W3C 35, TS-08: 33 members", members(33), .tooManyMembers(33), .tooManyMembers(33)),
    ] as [(String, String, TracestateFault?, TracestateFault?)])
  func theGrammarOfEachLevelDecides(
    label: String, text: String, levelOne: TracestateFault?, levelTwo: TracestateFault?
  ) {
    for (level, expected) in [(Tracestate.SpecLevel.one, levelOne), (.two, levelTwo)] {
      var fault: TracestateFault?
      do throws(TracestateFault) {
        _ = try Tracestate(text, level: level)
      } catch {
        fault = error
      }
      #expect(fault == expected, "level \(level.rawValue)")
    }
  }

  static func a(_ count: Int) -> String { String(repeating: "a", count: count) }
  static func members(_ count: Int) -> String { (1...count).map { "bar\($0)=\($0)" }.joined(separator: ",") }
}
