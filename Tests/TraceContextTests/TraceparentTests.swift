import Testing
import TraceContext

/// The rows come from the W3C trace-context suite (its number and name) and from our catalogue (TP-…).
@Suite struct TraceparentTests {
  static let trace = "12345678901234567890123456789012"
  static let parent = "1234567890123456"
  static let good = "00-\(trace)-\(parent)-01"

  @Test(arguments: [
    ("W3C 2, TP-01: version 00, sampled", good, 0x01),
    ("W3C 7, TP-12: version cc", "cc-\(trace)-\(parent)-01", 0x01),
    ("W3C 7, TP-13: version cc with a later field", "cc-\(trace)-\(parent)-01-what-the-future-will-be-like", 0x01),
    ("version 01 with a dash and nothing behind it", "01-\(trace)-\(parent)-01-", 0x01),
    ("version fe is the last that may come", "fe-\(trace)-\(parent)-00", 0x00),
    ("W3C 41: random alone", "00-\(trace)-\(parent)-02", 0x02),
    ("FL-02: not sampled", "00-\(trace)-\(parent)-00", 0x00),
    ("FL-03: sampled and random", "00-\(trace)-\(parent)-03", 0x03),
    ("FL-06: every flag", "00-\(trace)-\(parent)-ff", 0xff),
    ("FL-06: the flags that nobody has defined", "00-\(trace)-\(parent)-fc", 0xfc),
  ])
  func theTraceparentIsRead(label: String, text: String, flags: UInt8) throws {
    let traceparent = try Traceparent(text)
    #expect(traceparent.traceID == TraceID(high: 0x1234_5678_9012_3456, low: 0x7890_1234_5678_9012))
    #expect(traceparent.parentID == SpanID(0x1234_5678_9012_3456))
    #expect(traceparent.flags == TraceFlags(rawValue: flags))
    #expect(traceparent.description == "00-" + text.dropFirst(3).prefix(52), "we write version 00 only")
  }

  @Test(
    arguments: [
      ("W3C 6, TP-15: version 00 and a dot", good + ".", .wrongLength(56)),
      ("W3C 6, TP-15: version 00 and a later field", good + "-what-the-future-will-be-like", .wrongLength(84)),
      ("TP-15: version 00 and a dash", good + "-", .wrongLength(56)),
      ("TP-15: version 00 and -x", good + "-x", .wrongLength(57)),
      ("W3C 7, TP-14: version cc and a dot", "cc-\(trace)-\(parent)-01.what", .missingDash(at: 55)),
      ("TP-14: version cc and one byte too few", "cc-\(trace)-\(parent)-0", .wrongLength(54)),
      ("W3C 8, TP-11: version ff", "ff-\(trace)-\(parent)-01", .forbiddenVersion),
      ("version ff with a later field", "ff-\(trace)-\(parent)-01-what", .forbiddenVersion),
      ("version FF is no lowercase hexadecimal", "FF-\(trace)-\(parent)-01", .malformedVersion),
      ("W3C 9, TP-18: version .0", ".0-\(trace)-\(parent)-01", .malformedVersion),
      ("W3C 9: version 0.", "0.-\(trace)-\(parent)-01", .malformedVersion),
      ("TP-18: version zz", "zz-\(trace)-\(parent)-01", .malformedVersion),
      ("TP-18: version 0x", "0x-\(trace)-\(parent)-01", .malformedVersion),
      ("W3C 10: version 000", "000-\(trace)-\(parent)-01", .wrongLength(56)),
      ("W3C 10: version 0000", "0000-\(trace)-\(parent)-01", .wrongLength(57)),
      ("version ccc has no dash behind its version", "ccc-\(trace)-\(parent)-0-", .missingDash(at: 2)),
      ("W3C 11: version 0", "0-\(trace)-\(parent)-01", .wrongLength(54)),
      ("W3C 11: version 0 of the right length", "0-\(trace)-\(parent)-011", .malformedVersion),
      ("W3C 12, TP-03: trace ID all zero", "00-\(zeros(32))-\(parent)-01", .zeroTraceID),
      ("W3C 13, TP-07: trace ID begins with a dot", "00-.\(trace.dropFirst())-\(parent)-01", .malformedTraceID),
      ("W3C 13, TP-07: trace ID ends with a dot", "00-\(trace.dropLast()).-\(parent)-01", .malformedTraceID),
      ("W3C 14, TP-08: trace ID of 33 digits", "00-\(trace)3-\(parent)-01", .wrongLength(56)),
      ("trace ID of 33 digits in a text of 55", "00-\(trace)3-\(parent.dropLast())-01", .missingDash(at: 35)),
      ("W3C 15, TP-08: trace ID of 31 digits", "00-\(trace.dropLast())-\(parent)-01", .wrongLength(54)),
      ("W3C 16, TP-04: parent ID all zero", "00-\(trace)-\(zeros(16))-01", .zeroParentID),
      ("W3C 17, TP-09: parent ID begins with a dot", "00-\(trace)-.\(parent.dropFirst())-01", .malformedParentID),
      ("W3C 17: parent ID ends with a dot", "00-\(trace)-\(parent.dropLast()).-01", .malformedParentID),
      ("W3C 18, TP-09: parent ID of 17 digits", "00-\(trace)-\(parent)7-01", .wrongLength(56)),
      ("W3C 19, TP-09: parent ID of 15 digits", "00-\(trace)-\(parent.dropLast())-01", .wrongLength(54)),
      ("W3C 20, TP-10: flags .0", "00-\(trace)-\(parent)-.0", .malformedFlags),
      ("W3C 20, TP-10: flags 0.", "00-\(trace)-\(parent)-0.", .malformedFlags),
      ("flags 0A", "00-\(trace)-\(parent)-0A", .malformedFlags),
      ("W3C 21, TP-10: flags 001", "00-\(trace)-\(parent)-001", .wrongLength(56)),
      ("W3C 22, TP-10: flags 1", "00-\(trace)-\(parent)-1", .wrongLength(54)),
      ("W3C 23, TP-17: a space before it, which is the carrier's", " " + good, .malformedVersion),
      ("W3C 23, TP-17: a space behind it, which is the carrier's", good + " ", .wrongLength(56)),
      ("W3C 23, TP-17: a tab before it, which is the carrier's", "\t" + good, .malformedVersion),
      ("W3C 23, TP-17: a tab behind it, which is the carrier's", good + "\t", .wrongLength(56)),
      ("TP-05: trace ID in capitals", "00-\(letters.uppercased())-\(parent)-01", .malformedTraceID),
      ("TP-06: parent ID in capitals", "00-\(trace)-ABCDEFABCDEFABCD-01", .malformedParentID),
      ("TP-16: a newline behind it", good + "\n", .wrongLength(56)),
      ("TP-16: a carriage return and a newline behind it", good + "\r\n", .wrongLength(57)),
      ("TP-16: a NUL behind it", good + "\0", .wrongLength(56)),
      ("TP-16: a no-break space behind it", good + "\u{a0}", .wrongLength(57)),
      ("a newline behind version cc", "cc-\(trace)-\(parent)-01\n", .missingDash(at: 55)),
      ("TP-19: a plus sign in the trace ID", "00-+\(trace.dropFirst())-\(parent)-01", .malformedTraceID),
      ("TP-19: a minus sign in the trace ID", "00--\(trace.dropFirst())-\(parent)-01", .malformedTraceID),
      ("TP-19: 0x in the trace ID", "00-0x\(trace.dropFirst(2))-\(parent)-01", .malformedTraceID),
      ("TP-19: a plus sign in the parent ID", "00-\(trace)-+\(parent.dropFirst())-01", .malformedParentID),
      ("TP-19: an underscore in the parent ID", "00-\(trace)-1_\(parent.dropFirst(2))-01", .malformedParentID),
      ("TP-19: a plus sign in the flags", "00-\(trace)-\(parent)-+1", .malformedFlags),
      ("TP-20: a full-width digit", "00-\u{ff11}\(trace.dropFirst())-\(parent)-01", .wrongLength(57)),
      (
        "TP-20: a full-width digit in the place of three", "00-\u{ff11}\(trace.dropFirst(3))-\(parent)-01",
        .malformedTraceID
      ),
      ("TP-20: an Arabic digit in the place of two", "00-\u{661}\(trace.dropFirst(2))-\(parent)-01", .malformedTraceID),
      ("TP-20: a Cyrillic a in the place of two", "00-\(trace)-\u{430}\(parent.dropFirst(2))-01", .malformedParentID),
      ("TP-21: 1 MiB", good + zeros(1 << 20), .wrongLength(55 + 1 << 20)),
      ("TP-22: no dash at all", "00\(trace)\(parent)01", .wrongLength(52)),
      ("TP-22: no dashes, but the right length", "00\(trace)\(parent)01000", .missingDash(at: 2)),
      ("TP-22: underscores", "00_\(trace)_\(parent)_01", .missingDash(at: 2)),
      ("TP-22: an underscore between the IDs", "00-\(trace)_\(parent)-01", .missingDash(at: 35)),
      ("TP-22: an underscore before the flags", "00-\(trace)-\(parent)_01", .missingDash(at: 52)),
      ("nothing", "", .wrongLength(0)),
    ] as [(String, String, TraceparentFault)])
  func theTextIsRefused(label: String, text: String, fault: TraceparentFault) {
    #expect(throws: fault) { try Traceparent(text) }
  }

  @Test func everyDigitMayBeF() throws {
    let text = "00-" + String(repeating: "f", count: 32) + "-" + String(repeating: "f", count: 16) + "-01"
    let traceparent = try Traceparent(text)
    #expect(traceparent.traceID == TraceID(high: .max, low: .max))
    #expect(traceparent.description == text)
  }

  @Test(arguments: [("the low half", 0, 1), ("the high half", 1, 0)] as [(String, UInt64, UInt64)])
  func aTraceIDIsNotZeroWhereOneHalfIsNot(label: String, high: UInt64, low: UInt64) throws {
    let written = Traceparent(traceID: TraceID(high: high, low: low), parentID: SpanID(1), flags: [])
    #expect(try Traceparent(written.description) == written)
  }

  @Test func noOtherByteStandsForAnyByteOfTheText() {
    let text = Array(Self.good.utf8)
    for place in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[place] = byte
        let isAllowed =
          switch place {
          case 2, 35, 52: byte == UInt8(ascii: "-")
          // Another version is a later one, but for ff.
          default: "0123456789abcdef".utf8.contains(byte)
          }
        let isRead = (try? Self.read(changed)) != nil
        #expect(isRead == isAllowed, "byte \(byte) at \(place)")
      }
    }
  }

  @Test func everyTruncationIsRefused() {
    let text = Array(Self.good.utf8)
    for count in 0..<text.count {
      #expect(throws: TraceparentFault.wrongLength(count)) { try Self.read(Array(text[..<count])) }
    }
  }

  private static func read(_ text: [UInt8]) throws(TraceparentFault) -> Traceparent {
    try Traceparent(parsing: text.span.bytes)
  }

  static let letters = "abcdefabcdefabcdefabcdefabcdefab"
  static func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
}
