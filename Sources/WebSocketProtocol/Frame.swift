/// Which end of the connection we are: only a client masks (RFC 6455 §5.1).
package enum Role: Sendable {
  case client, server
}

/// What a frame carries (RFC 6455 §5.2).
package enum Opcode: UInt8, CaseIterable, Sendable {
  case continuation = 0x0
  case text = 0x1
  case binary = 0x2
  case close = 0x8
  case ping = 0x9
  case pong = 0xa

  @inlinable package var isControl: Bool { rawValue >= 0x8 }
}

/// The rule that incoming frames break.
package enum ProtocolError: Error, CaseIterable, Hashable, Sendable {
  /// A bit of RSV1 to RSV3 is set that no agreed extension gives a meaning.
  case reservedBits
  /// RSV1, which marks a compressed message, on another frame than a message's first.
  case misplacedCompressionBit
  /// A compressed message whose bytes are no DEFLATE data.
  case corruptCompression
  /// A compressed message that ends inside of a DEFLATE block.
  case truncatedCompression
  case reservedOpcode
  /// A client's frame without a mask.
  case unmaskedFrame
  /// A server's frame with a mask.
  case maskedFrame
  /// A control frame of more than 125 bytes.
  case longControlFrame
  case fragmentedControlFrame
  /// A length that fits a shorter form.
  case lengthNotMinimal
  /// A 64-bit length with the top bit set.
  case lengthTooLarge
  /// A continuation where no message was begun.
  case unexpectedContinuation
  /// A new message before the last fragment of the one before.
  case interleavedMessages
  case invalidUTF8
  /// A close frame of one byte.
  case truncatedCloseCode
  /// A close code that may not stand on the wire.
  case forbiddenCloseCode
  /// A data frame after a close frame.
  case dataAfterClose
  /// A message longer than we accept, as it came or inflated.
  case messageTooLarge

  /// The number of the RFC that has the rule.
  package var standard: UInt16 {
    switch self {
    case .misplacedCompressionBit, .corruptCompression, .truncatedCompression: 7692
    case .reservedBits, .reservedOpcode, .unmaskedFrame, .maskedFrame, .longControlFrame, .fragmentedControlFrame,
      .lengthNotMinimal, .lengthTooLarge, .unexpectedContinuation, .interleavedMessages, .invalidUTF8,
      .truncatedCloseCode, .forbiddenCloseCode, .dataAfterClose, .messageTooLarge:
      6455
    }
  }

  /// The section of `standard` that has the rule.
  package var section: (major: UInt8, minor: UInt8) {
    switch self {
    case .reservedBits, .reservedOpcode, .lengthNotMinimal, .lengthTooLarge: (5, 2)
    case .unmaskedFrame, .maskedFrame: (5, 1)
    case .longControlFrame, .fragmentedControlFrame, .truncatedCloseCode, .dataAfterClose: (5, 5)
    case .unexpectedContinuation, .interleavedMessages: (5, 4)
    case .invalidUTF8: (8, 1)
    case .forbiddenCloseCode, .messageTooLarge: (7, 4)
    case .misplacedCompressionBit: (6, 0)
    case .corruptCompression, .truncatedCompression: (7, 2)
    }
  }

  /// The status code to fail the connection with (RFC 6455 §7.4.1). RFC 7692 names none: data that do not inflate are
  /// "not consistent with the type of the message", 1007.
  package var closeCode: CloseCode {
    switch self {
    case .invalidUTF8, .corruptCompression, .truncatedCompression: .invalidPayload
    case .messageTooLarge: .messageTooBig
    case .reservedBits, .misplacedCompressionBit, .reservedOpcode, .unmaskedFrame, .maskedFrame, .longControlFrame,
      .fragmentedControlFrame, .lengthNotMinimal, .lengthTooLarge, .unexpectedContinuation, .interleavedMessages,
      .truncatedCloseCode, .forbiddenCloseCode, .dataAfterClose:
      .protocolError
    }
  }
}

/// A status code of a close frame (RFC 6455 §7.4).
package struct CloseCode: Hashable, Sendable {
  package var rawValue: UInt16
  package init(_ rawValue: UInt16) { self.rawValue = rawValue }

  package static let normal = CloseCode(1000)
  package static let goingAway = CloseCode(1001)
  package static let protocolError = CloseCode(1002)
  /// Stands for a close frame without a code; never on the wire.
  package static let noStatus = CloseCode(1005)
  /// Stands for a connection that ended without a close frame; never on the wire.
  package static let abnormal = CloseCode(1006)
  package static let invalidPayload = CloseCode(1007)
  package static let messageTooBig = CloseCode(1009)
  package static let internalError = CloseCode(1011)

  /// Whether the code may stand in a close frame: defined or registered ones, and the private range.
  package var isAllowedOnWire: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}
