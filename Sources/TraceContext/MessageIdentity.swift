/// Which message of a run an identifier belongs to.
package struct MessageIdentity: Hashable, Sendable, BitwiseCopyable {
  /// The reactor that sent it.
  package var shard: UInt32
  /// Its number in that reactor's sending order, from 0.
  package var sequence: UInt32

  @inlinable package init(shard: UInt32, sequence: UInt32) {
    self.shard = shard
    self.sequence = sequence
  }
}

/// The keyed bijection between messages and the trace and span IDs that they carry.
///
/// A trace ID is a four-round Feistel network over two 64-bit halves: one holds the run and a magic number, the other
/// the shard and the sequence. So ids look random in every byte that samplers look at, and any id that comes back is
/// decoded in a few nanoseconds without a table. An id that this run did not make decodes to the run's tag with
/// probability 2⁻⁶⁴.
package struct IdentityPermutation: Hashable, Sendable {
  /// Names the run; it is part of every message's text id as well.
  package let run: UInt32
  @usableFromInline let keys: (UInt64, UInt64, UInt64, UInt64)
  @usableFromInline let spanKey: UInt64
  /// The digits of `run`, as they stand in a text id.
  @usableFromInline let runText: UInt64

  @usableFromInline static let magic: UInt64 = 0x5370_616e  // "Span"
  @inlinable var tag: UInt64 { UInt64(run) << 32 | Self.magic }

  /// - Parameter seed: every bit counts; two runs with the same seed make the same ids.
  package init(seed: UInt64) {
    var state = seed
    func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      return Self.mix(state)
    }
    run = UInt32(truncatingIfNeeded: next())
    runText = HexText.digits(run)
    keys = (next(), next(), next(), next())
    spanKey = next()
  }

  /// The trace ID of a message; never zero (the one message whose id would be zero has probability 2⁻⁶⁴ and gets 1,
  /// which then decodes as foreign).
  @inlinable @inline(__always)
  package func traceID(of identity: MessageIdentity) -> TraceID {
    var left = tag
    var right = UInt64(identity.shard) << 32 | UInt64(identity.sequence)
    (left, right) = (right, left ^ Self.mix(right &+ keys.0))
    (left, right) = (right, left ^ Self.mix(right &+ keys.1))
    (left, right) = (right, left ^ Self.mix(right &+ keys.2))
    (left, right) = (right, left ^ Self.mix(right &+ keys.3))
    return TraceID(high: left, low: left | right == 0 ? 1 : right)
  }

  /// The message that a trace ID belongs to, or nil for one that this run did not make.
  @inlinable @inline(__always)
  package func identity(of traceID: TraceID) -> MessageIdentity? {
    let (left, right) = halves(of: traceID)
    guard left == tag, right < Self.connectionMark else { return nil }
    return MessageIdentity(
      shard: UInt32(truncatingIfNeeded: right >> 32), sequence: UInt32(truncatingIfNeeded: right))
  }

  @inlinable @inline(__always)
  func halves(of traceID: TraceID) -> (left: UInt64, right: UInt64) {
    var left = traceID.high
    var right = traceID.low
    (left, right) = (right ^ Self.mix(left &+ keys.3), left)
    (left, right) = (right ^ Self.mix(left &+ keys.2), left)
    (left, right) = (right ^ Self.mix(left &+ keys.1), left)
    (left, right) = (right ^ Self.mix(left &+ keys.0), left)
    return (left, right)
  }

  /// Stands in the place of a shard's highest bit in the trace IDs of connections.
  @usableFromInline static let connectionMark: UInt64 = 1 << 63

  /// The trace ID of a connection: that of its upgrade, and of messages that continue it.
  package func traceID(ofConnection connection: UInt32) -> TraceID {
    traceID(of: .upgrade(of: connection))
  }

  /// The connection that a trace ID belongs to, or nil for one that is none's.
  package func connection(of traceID: TraceID) -> UInt32? {
    let (left, right) = halves(of: traceID)
    guard left == tag, right >> 32 == 0x8000_0000 else { return nil }
    return UInt32(truncatingIfNeeded: right)
  }

  /// The span ID that a message carries, whatever trace it continues.
  package func spanID(of identity: MessageIdentity) -> SpanID { spanID(in: traceID(of: identity)) }

  /// The span ID that we send with a trace ID of ours: recomputed wherever it is needed, never stored.
  @inlinable @inline(__always)
  package func spanID(in traceID: TraceID) -> SpanID {
    let mixed = Self.mix(traceID.low ^ spanKey)
    return SpanID(mixed == 0 ? 1 : mixed)
  }

  /// Writes the trace ID of a message, a dash and the span ID that goes with it into a traceparent's text.
  ///
  /// - Parameter text: points to the 49 bytes that hold them; the dash is there already.
  package func writeIDs(of identity: MessageIdentity, to text: UnsafeMutableRawPointer) {
    let traceID = traceID(of: identity)
    let spanID = spanID(in: traceID).rawValue
    let half: UInt64 = 0xffff_ffff
    let trace = HexText.digits(
      SIMD4(traceID.high >> 32, traceID.high & half, traceID.low >> 32, traceID.low & half))
    let span = HexText.digits(SIMD2(spanID >> 32, spanID & half))
    func store(_ digits: UInt64, at offset: Int) {
      text.storeBytes(of: digits.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
    for index in 0..<4 { store(trace[index], at: 8 &* index) }
    store(span[0], at: 33)
    store(span[1], at: 41)
  }

  /// A bijection of 64 bits with good avalanche (the multiplier is that of Moremur-like mixers; any odd one would do
  /// for the bijection).
  @inlinable @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    var x = value
    x ^= x >> 32
    x = x &* 0xd6e8_feb8_6659_fd93
    x ^= x >> 32
    x = x &* 0xd6e8_feb8_6659_fd93
    x ^= x >> 32
    return x
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.run == right.run && left.keys == right.keys && left.spanKey == right.spanKey
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(spanKey) }
}
