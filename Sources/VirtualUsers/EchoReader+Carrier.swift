import JSONText
import Observations
import Scenarios
import TraceContext

/// Reading the carrier of an echo.
extension EchoReader {
  /// What carriers are looked through for; by reference, as a reader is copied for each message.
  final class CarrierWords: Sendable {
    /// Keys from the top of the message to the carrier.
    let path: [Piece]
    let traceparent: Piece
    let tracestate: Piece
    let baggage: Piece
    /// By type.
    let companions: [Companions]

    /// - Parameter piece: keeps a text among those that are looked for.
    init(_ scenario: Scenario, _ piece: (String) -> Piece) {
      path = scenario.carrier.path.map(piece)
      traceparent = piece(TraceHeader.traceparent.rawValue)
      tracestate = piece(TraceHeader.tracestate.rawValue)
      baggage = piece(TraceHeader.baggage.rawValue)
      companions = scenario.messages.map { Companions(sentWith: $0.trace, piece) }
    }
  }

  /// What messages of one type carry beside a traceparent of ours; empty where there is none, or nothing beside it.
  struct Companions: Sendable {
    let tracestate: Tracestate
    let tracestateText: Piece
    let baggage: Baggage
    let baggageText: Piece

    init(sentWith trace: TraceSettings, _ piece: (String) -> Piece) {
      // Beside raw text nobody has to pass anything on.
      tracestate = trace.mode.isTraced ? trace.tracestate ?? .empty : .empty
      baggage = trace.mode.isTraced ? trace.baggage ?? .empty : .empty
      tracestateText = piece(tracestate.text)
      baggageText = piece(baggage.text)
    }
  }

  /// A member of the carrier beside the traceparent.
  enum Companion {
    case absent, noString
    case string(JSONString)
  }

  /// What one carrier holds; of equal keys the last one.
  struct CarrierReading {
    var context = EchoedContext.absent
    var isLaterVersion = false
    var tracestate = Companion.absent
    var baggage = Companion.absent
  }

  /// Longest tracestate or baggage that is taken apart, in bytes, as that takes a multiple of its memory: four times what
  /// a tracestate of the most and longest members has. A longer one counts as broken, unless it is what we sent.
  static let longestCompanion = 65536

  /// Reads the value of the carrier's key at `level - 1`, which begins at the scanner's place.
  func readCarrier(
    _ text: Span<UInt8>, _ scanner: inout JSONScanner, level: Int, _ scan: inout Scan
  ) throws(JSONFault) -> CarrierReading {
    var reading = CarrierReading()
    guard try scanner.peek(text) == .object else {
      try scanner.skipValue(text)
      reading.context = .wrongType
      return reading
    }
    var seen: UInt8 = 0
    var next = try scanner.enterObject(text)
    while let key = next {
      let part = part(key, level: level, text)
      if seen & part.rawValue != 0 { scan.isRepeated = true }
      seen |= part.rawValue
      switch part {
      case .inner: reading = try readCarrier(text, &scanner, level: level + 1, &scan)
      case .traceparent: try readTraceparent(text, &scanner, into: &reading, &scan)
      case .tracestate: reading.tracestate = try readCompanion(text, &scanner)
      case .baggage: reading.baggage = try readCompanion(text, &scanner)
      case .other: try scanner.skipValue(text)
      }
      next = try scanner.nextKey(text)
    }
    return reading
  }

  /// What a key of the carrier, or of an object on the way to it, names; a bit each, but for what is none of ours.
  private enum CarrierPart: UInt8 {
    case other = 0
    case inner = 1
    case traceparent = 2
    case tracestate = 4
    case baggage = 8
  }

  private func part(_ key: JSONString, level: Int, _ text: Span<UInt8>) -> CarrierPart {
    guard level == carrier.path.count else { return equals(key, carrier.path[level], text) ? .inner : .other }
    if equals(key, carrier.traceparent, text) { return .traceparent }
    if equals(key, carrier.tracestate, text) { return .tracestate }
    return equals(key, carrier.baggage, text) ? .baggage : .other
  }

  private func readTraceparent(
    _ text: Span<UInt8>, _ scanner: inout JSONScanner, into reading: inout CarrierReading, _ scan: inout Scan
  ) throws(JSONFault) {
    reading.isLaterVersion = false
    guard try scanner.peek(text) == .string else {
      try scanner.skipValue(text)
      reading.context = .wrongType
      return
    }
    let string = try scanner.string(text)
    if string.isEscaped {
      scan.places = nil
      Self.judge(string.unescaped(text).span, into: &reading)
      return
    }
    if string.count == Traceparent.textLength {
      scan.found(traceparentAt: string.start)
    } else {
      scan.places = nil
    }
    Self.judge(text.extracting(string.start..<string.end), into: &reading)
  }

  private static func judge(_ text: Span<UInt8>, into reading: inout CarrierReading) {
    do throws(TraceparentFault) {
      reading.context = .present(try Traceparent(parsing: text.bytes))
      let zero = UInt8(ascii: "0")
      reading.isLaterVersion = text[0] != zero || text[1] != zero
    } catch {
      reading.context = .malformed(error)
    }
  }

  private func readCompanion(_ text: Span<UInt8>, _ scanner: inout JSONScanner) throws(JSONFault) -> Companion {
    guard try scanner.peek(text) == .string else {
      try scanner.skipValue(text)
      return .noString
    }
    return .string(try scanner.string(text))
  }

  /// An echo of a type, with what became of all that messages of the type carry.
  func echo(of type: Int, _ message: MessageIdentity?, _ scan: Scan, _ text: Span<UInt8>) -> Echo {
    var form: ContextForm = scan.isRepeated ? .repeated : []
    if scan.carrier.isLaterVersion { form.insert(.laterVersion) }
    let sent = carrier.companions[type]
    return Echo(
      type: UInt8(truncatingIfNeeded: type), message: message, scan.carrier.context,
      tracestate: change(of: scan.carrier.tracestate, from: sent, text),
      baggage: change(ofBaggage: scan.carrier.baggage, from: sent, text), form: form)
  }

  private func change(of received: Companion, from sent: Companions, _ text: Span<UInt8>) -> TracestateChange {
    switch received {
    case .absent: return TracestateChange(from: sent.tracestate, to: nil)
    case .noString: return .malformed
    case .string(let string):
      if sent.tracestateText.count > 0, equals(string, sent.tracestateText, text) { return .kept }
      guard string.count <= Self.longestCompanion else { return .malformed }
      return TracestateChange(from: sent.tracestate, to: string.text(text))
    }
  }

  private func change(ofBaggage received: Companion, from sent: Companions, _ text: Span<UInt8>) -> BaggageChange {
    switch received {
    case .absent: return BaggageChange(from: sent.baggage, to: nil)
    case .noString: return .altered
    case .string(let string):
      if sent.baggage.members.isEmpty || equals(string, sent.baggageText, text) { return .kept }
      guard string.count <= Self.longestCompanion else { return .altered }
      return BaggageChange(from: sent.baggage, to: string.text(text))
    }
  }
}

extension JSONString {
  /// The string itself.
  fileprivate func text(_ text: Span<UInt8>) -> String {
    if isEscaped { return String(decoding: unescaped(text), as: UTF8.self) }
    return text.extracting(start..<end).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}
