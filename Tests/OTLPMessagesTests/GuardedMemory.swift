import Glibc
import OTLPMessages
import Testing

/// Memory that ends where a forbidden page begins, so that a read of one byte too many ends the test process.
final class GuardedMemory {
  private let base: UnsafeMutableRawPointer
  private let capacity: Int
  private let pageSize: Int

  init(capacity: Int) throws {
    pageSize = sysconf(Int32(_SC_PAGESIZE))
    self.capacity = (capacity + pageSize - 1) / pageSize * pageSize
    let mapped = mmap(
      nil, self.capacity + pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    base = try #require(mapped != MAP_FAILED ? mapped : nil)
    try #require(mprotect(base + self.capacity, pageSize, PROT_NONE) == 0)
  }

  deinit { munmap(base, capacity + pageSize) }

  /// Scans `body` with its last byte right before the forbidden page.
  func spans(
    in body: some RandomAccessCollection<UInt8>, as encoding: OTLPEncoding = .protobuf
  ) throws(ScanError) -> [FoundSpan] {
    let place = place(of: body)
    var sink = CollectingSink()
    try TraceRequestScanner.scan(place.bytes, as: encoding, into: &sink)
    return sink.spans
  }

  /// As `spans(in:as:)`, with what `PartSink` watches.
  func parts(
    in body: some RandomAccessCollection<UInt8>, as encoding: OTLPEncoding = .protobuf
  ) throws(ScanError) -> [String] {
    let place = place(of: body)
    var sink = PartSink()
    try TraceRequestScanner.scan(place.bytes, as: encoding, watching: PartSink.parts, into: &sink)
    return sink.found
  }

  private func place(of body: some RandomAccessCollection<UInt8>) -> UnsafeMutableRawBufferPointer {
    let place = UnsafeMutableRawBufferPointer(start: base + capacity - body.count, count: body.count)
    place.copyBytes(from: body)
    return place
  }
}
