import Observations
import TraceContext

/// Remembers texts that were read, so that the next one like them need not be read again.
///
/// Two texts have one shape if they are the same but for a message's text id and a traceparent, both well-formed: such
/// values hold digits and dashes only, so that all of JSON's grammar, and each member that a rule looks at, is the same.
/// A tracestate and a baggage are part of the shape: only texts that have kept them as we sent them are remembered.
/// What a server echoes has the same shape time and again: it is told in 700 instructions instead of 4,000.
final class EchoShapes {
  /// Where in a text the values stand that may differ.
  struct Places: Sendable {
    /// Of the message's text id.
    var message: Int?
    /// Of the traceparent.
    var traceparent: Int?
  }

  private struct Shape: Sendable {
    var count = 0
    /// From one value to the next: the bytes that are the same.
    var stretches = (0..<0, 0..<0, 0..<0)
    /// As in `Places`; -1 for none.
    var messagePlace = -1
    var traceparentPlace = -1
    var type: UInt8 = 0
  }

  /// A text of each length modulo this is remembered.
  private static let slots = 16
  /// The longest text that is remembered, in bytes.
  private static let longest = 4096

  private let texts = UnsafeMutableRawPointer.allocate(byteCount: slots * longest, alignment: 16)
  private let shapes = UnsafeMutablePointer<Shape>.allocate(capacity: slots)

  /// That of all texts that are remembered. Made once: a literal is made by way of an array, 900 instructions each time.
  private let form: ContextForm = []

  init() { shapes.initialize(repeating: Shape(), count: Self.slots) }

  deinit {
    texts.deallocate()
    shapes.deallocate()
  }

  /// Reads the values of a text that has the shape of one seen before; nil where it has none, or a value is not of the
  /// kind that the shape has.
  @inline(__always)
  func reading(of text: UnsafeRawBufferPointer, _ identities: IdentityPermutation) -> EchoReader.Reading? {
    let slot = text.count & (Self.slots &- 1)
    let shape = shapes + slot
    guard shape.pointee.count == text.count, let base = text.baseAddress, shape.pointee.count > 0 else { return nil }
    let seen = UnsafeRawPointer(texts + slot &* Self.longest)
    guard Self.equal(seen, base, shape.pointee.stretches.0), Self.equal(seen, base, shape.pointee.stretches.1),
      Self.equal(seen, base, shape.pointee.stretches.2)
    else { return nil }
    var message: MessageIdentity?
    if shape.pointee.messagePlace >= 0 {
      message = identities.identity(inText: text, at: shape.pointee.messagePlace)
      guard message != nil else { return nil }
    }
    let place = shape.pointee.traceparentPlace
    guard place >= 0 else { return echo(shape.pointee.type, message, .absent) }
    guard let context = Traceparent(plain: text, at: place) else { return nil }
    return echo(shape.pointee.type, message, .present(context))
  }

  @inline(__always)
  private func echo(_ type: UInt8, _ message: MessageIdentity?, _ context: EchoedContext) -> EchoReader.Reading {
    .echo(EchoReader.Echo(type: type, message: message, context, form: form))
  }

  /// Remembers a text whose values stand at these places, which do not overlap.
  func learn(_ text: UnsafeRawBufferPointer, type: UInt8, _ places: Places) {
    guard !text.isEmpty, text.count <= Self.longest else { return }
    var values: [Range<Int>] = []
    if let start = places.message { values.append(start..<start + IdentityPermutation.textLength) }
    if let start = places.traceparent { values.append(start..<start + Traceparent.textLength) }
    values.sort { $0.lowerBound < $1.lowerBound }
    var stretches: [Range<Int>] = []
    var end = 0
    for value in values {
      guard value.lowerBound >= end, value.upperBound <= text.count else { return }
      stretches.append(end..<value.lowerBound)
      end = value.upperBound
    }
    stretches.append(end..<text.count)
    while stretches.count < 3 { stretches.append(0..<0) }
    let slot = text.count & (Self.slots - 1)
    UnsafeMutableRawBufferPointer(start: texts + slot * Self.longest, count: text.count).copyMemory(from: text)
    shapes[slot] = Shape(
      count: text.count, stretches: (stretches[0], stretches[1], stretches[2]), messagePlace: places.message ?? -1,
      traceparentPlace: places.traceparent ?? -1, type: type)
  }

  /// Whether a stretch of two texts, both at least so long, is the same.
  private static func equal(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ stretch: Range<Int>) -> Bool {
    var offset = stretch.lowerBound
    let end = stretch.upperBound
    var differences = SIMD4<UInt64>(repeating: 0)
    if stretch.count >= 32 {
      repeat {
        differences |=
          left.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
          ^ right.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
        offset &+= 32
      } while offset <= end &- 32
      let halves = differences.lowHalf | differences.highHalf
      guard halves[0] | halves[1] == 0 else { return false }
    }
    while offset <= end &- 8 {
      guard
        left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      else { return false }
      offset &+= 8
    }
    guard offset < end else { return true }
    // The rest in one look, together with bytes that were looked at already.
    if stretch.count >= 8 {
      return left.loadUnaligned(fromByteOffset: end &- 8, as: UInt64.self)
        == right.loadUnaligned(fromByteOffset: end &- 8, as: UInt64.self)
    }
    while offset < end {
      guard left.load(fromByteOffset: offset, as: UInt8.self) == right.load(fromByteOffset: offset, as: UInt8.self)
      else { return false }
      offset &+= 1
    }
    return true
  }
}
