import Foundation
import Glibc
import LoadEngine
import Observations

/// What a worker process is told on its standard input, as one line of JSON. After it come lines of two kinds: `begin`
/// with the instant at which the load begins on the machine's monotonic clock, and `stop`.
struct WorkerJob: Codable {
  /// The scenario's text, so that all workers run the same one whatever happens to its file.
  var yaml: String
  var path: String
  var changes: LoadChanges
  var seed: UInt64
  var target: String?
  var shareIndex: Int
  var shareCount: Int
  var threads: Int
  var processors: [Int32]
  var spins: Bool
  /// `host:port` in digits.
  var addresses: [String]
  /// Addresses in digits.
  var sources: [String]
}

/// What a worker says on its standard output: frames of a kind, a length and a payload.
///
/// The payload of observations is their memory: worker and parent are the same program on the same machine.
enum WorkerFrame {
  enum Kind: UInt32 {
    /// `LoadControl.Progress` as it lies in memory.
    case progress = 1
    /// All connections are open, or have failed.
    case ready
    /// The excerpts of the batch that follows, by index, as JSON.
    case excerpts
    /// A batch of observations.
    case facts
    /// How many batches found the worker's queue full, at its end.
    case dropped
    /// Why the worker cannot run, as text.
    case fault
  }

  /// Longest payload that is believed.
  static let longest = 1 << 20

  /// Writes a frame whole; false where nobody reads any more.
  static func write(_ kind: Kind, _ payload: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var header = (kind.rawValue, UInt32(payload.count))
    return withUnsafeBytes(of: &header) { write($0, to: descriptor) } && write(payload, to: descriptor)
  }

  static func write(_ kind: Kind, _ payload: [UInt8] = [], to descriptor: Int32) -> Bool {
    payload.withUnsafeBytes { write(kind, $0, to: descriptor) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Reads the next frame; nil at the end, or where what comes is none.
  static func read(from descriptor: Int32) -> (kind: Kind, payload: [UInt8])? {
    guard let header = read(8, from: descriptor) else { return nil }
    let (word, length) = header.withUnsafeBytes {
      ($0.loadUnaligned(as: UInt32.self), Int($0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    }
    guard let kind = Kind(rawValue: word), length <= longest, let payload = read(length, from: descriptor) else {
      return nil
    }
    return (kind, payload)
  }

  private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, count - filled)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      filled += got
    }
    return bytes
  }
}

extension ObservationBatch {
  /// A batch that another process of this program has sent.
  init(memory: [UInt8], excerpts: [Int: String]) {
    let count = memory.count / MemoryLayout<Observation>.stride
    let buffer = ObservationBuffer(capacity: count)
    memory.withUnsafeBytes {
      UnsafeMutableRawBufferPointer(start: buffer.base, count: count * MemoryLayout<Observation>.stride)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<(count * MemoryLayout<Observation>.stride)]))
    }
    self.init(buffer, count: count, excerpts: excerpts)
  }
}
