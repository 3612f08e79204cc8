import CLinux

/// Unpredictable 32-bit words from the kernel, a page of them at a time (RFC 6455 §10.3 asks for strong entropy).
package struct RandomWords: ~Copyable {
  private let words: UnsafeMutablePointer<UInt32>
  private var next: Int
  private static let capacity = 1024

  package init() {
    words = .allocate(capacity: Self.capacity)
    next = Self.capacity
  }

  deinit { words.deallocate() }

  package mutating func word() -> UInt32 {
    if next == Self.capacity { refill() }
    defer { next &+= 1 }
    return words[next]
  }

  package mutating func wide() -> UInt64 { UInt64(word()) << 32 | UInt64(word()) }

  private mutating func refill() {
    linux_random(words, Self.capacity * MemoryLayout<UInt32>.stride)
    next = 0
  }
}
