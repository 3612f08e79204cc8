import Observations
import WebSocketProtocol

/// What the protocol finds wrong, as what is observed.
extension UpgradeFault {
  init(_ fault: ClientHandshake.Fault) {
    self =
      switch fault {
      case .malformedHead: .malformedHead
      case .headTooLong: .headTooLong
      case .missingUpgrade: .missingUpgrade
      case .missingConnection: .missingConnection
      case .wrongAccept: .wrongAccept
      case .unrequestedExtension: .unrequestedExtension
      case .malformedExtensions: .malformedExtensions
      case .repeatedExtension: .repeatedExtension
      case .compression(let fault): UpgradeFault(fault)
      case .unrequestedSubprotocol: .unrequestedSubprotocol
      case .severalSubprotocols: .severalSubprotocols
      }
  }
}

extension UpgradeFault {
  init(_ fault: CompressionFault) {
    self =
      switch fault {
      case .unknownParameter: .unknownCompressionParameter
      case .repeatedParameter: .repeatedCompressionParameter
      case .malformedValue: .malformedCompressionValue
      case .serverKeepsContext: .serverKeepsContext
      case .serverWindowTooLarge: .serverWindowTooLarge
      case .clientWindowNotOffered: .clientWindowNotOffered
      case .clientWindowTooLarge: .clientWindowTooLarge
      }
  }
}

extension ProxyFault {
  init(_ fault: ProxyRequest.Fault) {
    self =
      switch fault {
      case .malformedHead: .malformedHead
      case .headTooLong: .headTooLong
      }
  }
}
