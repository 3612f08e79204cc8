import CZlib

/// Decompresses one body after another with one zlib state and one buffer, never past a limit.
struct Inflater: ~Copyable {
  enum Format: Equatable {
    /// RFC 1952: one member or several after each other.
    case gzip
    /// RFC 1950, which HTTP calls deflate.
    case zlib

    fileprivate var windowBits: Int32 {
      switch self {
      case .gzip: 15 + 16
      case .zlib: 15
      }
    }
  }

  /// On the heap, because zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  private var output: UnsafeMutableRawBufferPointer
  private let limit: Int

  private static let keptCapacity = 4 << 20
  private static let firstCapacity = 256 << 10

  /// - Parameter limit: bytes of the largest decompressed body.
  init(limit: Int) throws(InflateFault) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    output = .allocate(byteCount: min(limit + 1, Self.firstCapacity), alignment: 64)
    self.limit = limit
    guard czlib_inflate_init(stream, Format.gzip.windowBits) == Z_OK else { throw .noMemory }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// Bytes that the buffer takes.
  var capacity: Int { output.count }

  /// Hands the whole decompressed body to `use`.
  mutating func inflate<Result, Failure: Error>(
    _ body: RawSpan, as format: Format, orThrow failure: (InflateFault) -> Failure,
    _ use: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { shrink() }
    let count: Int
    do throws(InflateFault) {
      count = try fill(from: body, as: format)
    } catch {
      throw failure(error)
    }
    return try use(UnsafeRawBufferPointer(rebasing: output[..<count]).bytes)
  }

  /// Decompresses into the buffer; returns how many bytes it holds.
  private mutating func fill(from body: RawSpan, as format: Format) throws(InflateFault) -> Int {
    let outcome = body.withUnsafeBytes { input -> Result<Int, InflateFault> in
      do throws(InflateFault) {
        return .success(try fill(from: input, as: format))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private mutating func fill(from input: UnsafeRawBufferPointer, as format: Format) throws(InflateFault) -> Int {
    guard let base = input.baseAddress, let available = UInt32(exactly: input.count), available > 0,
      inflateReset2(stream, format.windowBits) == Z_OK
    else { throw .truncated }
    stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = available
    defer { stream.pointee.next_in = nil }

    var count = 0
    while true {
      if count == output.count { try grow(keeping: count) }
      let room = UnsafeMutableRawBufferPointer(rebasing: output[count...])
      stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(clamping: room.count)
      let code = CZlib.inflate(stream, Z_NO_FLUSH)
      count = output.count - Int(stream.pointee.avail_out)
      // The buffer has one byte more than the limit, so that a body of just the limit is told from a larger one.
      guard count <= limit else { throw .tooLarge }

      switch code {
      case Z_STREAM_END where stream.pointee.avail_in == 0: return count
      case Z_STREAM_END where format == .gzip: guard inflateReset(stream) == Z_OK else { throw .malformed }
      case Z_OK where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: continue
      case Z_OK, Z_BUF_ERROR: throw .truncated
      case Z_MEM_ERROR: throw .noMemory
      default: throw .malformed
      }
    }
  }

  private mutating func grow(keeping count: Int) throws(InflateFault) {
    guard output.count <= limit else { throw .tooLarge }
    replaceOutput(capacity: min(output.count * 2, limit + 1), keeping: count)
  }

  /// Gives back what one unusually large body took.
  private mutating func shrink() {
    if output.count > Self.keptCapacity { replaceOutput(capacity: Self.keptCapacity, keeping: 0) }
  }

  private mutating func replaceOutput(capacity: Int, keeping count: Int) {
    let replacement = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    replacement.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[..<count]))
    output.deallocate()
    output = replacement
  }
}

/// Why a compressed body cannot be decompressed.
enum InflateFault: Error, Equatable {
  /// It ends inside a member, or there is none.
  case truncated
  /// It is not of the format that its header names, or something else follows it.
  case malformed
  /// It would be larger than the limit.
  case tooLarge
  case noMemory
}
