import CZlib
import Testing

@testable import OTLPCollector

/// `bytes` as one gzip member, or as one zlib stream.
func compressed(_ bytes: [UInt8], _ format: Inflater.Format = .gzip) throws -> [UInt8] {
  let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  stream.initialize(to: z_stream())
  defer {
    deflateEnd(stream)
    stream.deallocate()
  }
  try #require(czlib_deflate_init(stream, format == .gzip ? 31 : 15) == Z_OK)
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(bytes.count))) + 32)
  let code = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(input.count)
      stream.pointee.next_out = output.baseAddress
      stream.pointee.avail_out = UInt32(output.count)
      return deflate(stream, Z_FINISH)
    }
  }
  try #require(code == Z_STREAM_END)
  return Array(output.prefix(output.count - Int(stream.pointee.avail_out)))
}
