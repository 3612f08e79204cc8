import WebSocketProtocol

/// What a decoder said, with the bytes themselves, so that two runs over other buffers compare.
enum Said: Equatable {
  case text(String)
  case binary([UInt8])
  case ping([UInt8])
  case pong([UInt8])
  case close(UInt16, String)
  case failed(ProtocolError)
}

/// Feeds a decoder as the reactor's stream does: what is not consumed stays, and more is put behind it.
func decode(
  _ chunks: [[UInt8]], role: Role, limit: Int = 1 << 20, agreement: CompressionAgreement? = nil,
  pool: CompressionPool = CompressionPool()
) -> [Said] {
  var decoder = MessageDecoder(role: role, limit: limit)
  if let agreement { decoder.use(Compression(agreement, role: role, pool: pool)) }
  var said: [Said] = []
  var kept: [UInt8] = []
  for chunk in chunks {
    kept += chunk
    var offset = 0
    do throws(ProtocolError) {
      while let event = try next(&decoder, &kept, from: &offset) {
        switch event {
        case .message(let kind, let range): said.append(.message(kind, Array(kept[range])))
        case .assembled(let kind): said.append(.message(kind, decoder.takeAssembled()))
        case .ping(let range): said.append(.ping(Array(kept[range])))
        case .pong(let range): said.append(.pong(Array(kept[range])))
        case .close(let code, let reason):
          said.append(.close(code.rawValue, String(decoding: kept[reason], as: UTF8.self)))
        }
      }
    } catch {
      return said + [.failed(error)]
    }
    kept.removeFirst(offset)
  }
  return said
}

private func next(
  _ decoder: inout MessageDecoder, _ bytes: inout [UInt8], from offset: inout Int
) throws(ProtocolError) -> MessageDecoder.Event? {
  var result = Result<MessageDecoder.Event?, ProtocolError>.success(nil)
  bytes.withUnsafeMutableBytes { buffer in
    do throws(ProtocolError) {
      result = .success(try decoder.next(buffer, from: &offset))
    } catch {
      result = .failure(error)
    }
  }
  return try result.get()
}

extension Said {
  static func message(_ kind: MessageKind, _ bytes: [UInt8]) -> Said {
    switch kind {
    case .text: .text(String(decoding: bytes, as: UTF8.self))
    case .binary: .binary(bytes)
    }
  }
}

/// A frame with any header, right or wrong.
func frame(
  _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0, maskKey: UInt32? = nil
) -> [UInt8] {
  let known = payload.withUnsafeBytes { FrameEncoding.frame(.text, $0, maskKey: maskKey, isFinal: isFinal) }
  return [(isFinal ? 0x80 : 0) | reserved | opcode] + known.dropFirst()
}

let text: UInt8 = 0x1
let binary: UInt8 = 0x2
let continuation: UInt8 = 0x0
let close: UInt8 = 0x8
let ping: UInt8 = 0x9
let pong: UInt8 = 0xa
