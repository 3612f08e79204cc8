import Planning
import TraceContext
import VirtualUsers
import WebSocketProtocol

/// The prepared frames of every message type.
struct FrameTable: ~Copyable {
  private let base: UnsafeMutablePointer<MessageFrame>
  private let count: Int
  /// Bytes of the longest frame.
  let longest: Int

  init(_ plan: Plan, shard: UInt32) {
    count = plan.templates.count
    base = .allocate(capacity: count)
    var longest = 0
    for (index, template) in plan.templates.enumerated() {
      (base + index).initialize(to: MessageFrame(template, identities: plan.identities, shard: shard))
      longest = max(longest, base[index].count)
    }
    self.longest = longest
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  /// Writes the context that the next message of a type carries, where not just its own IDs go into it.
  func carry(_ context: Traceparent, type: Int) {
    precondition(type >= 0 && type < count)
    base[type].carry(context)
  }

  /// Writes a frame and returns its length.
  ///
  /// - Parameter buffer: has room for `longest` bytes.
  func write(
    type: Int, _ identity: MessageIdentity, _ identities: IdentityPermutation, maskKey: UInt32,
    to buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    precondition(type >= 0 && type < count)
    guard let start = buffer.baseAddress, base[type].count <= buffer.count else { return 0 }
    base[type].write(identity, identities, maskKey: maskKey, to: start)
    return base[type].count
  }

  /// The frame of one message, compressed; valid until the next use of the compression's pool.
  func write(
    type: Int, _ identity: MessageIdentity, _ identities: IdentityPermutation, maskKey: UInt32,
    with compression: Compression
  ) -> UnsafeRawBufferPointer {
    precondition(type >= 0 && type < count)
    return base[type].write(identity, identities, maskKey: maskKey, with: compression)
  }
}
