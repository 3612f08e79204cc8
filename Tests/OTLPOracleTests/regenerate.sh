#!/bin/sh
# Makes Generated/ from Schemas/ anew. Needs protoc (Debian: protobuf-compiler) and the plugin of the swift-protobuf
# that Package.swift names, built there by: swift build --product protoc-gen-swift
# Usage: regenerate.sh path/to/protoc-gen-swift
set -eu
cd "$(dirname "$0")"
exec protoc --plugin="protoc-gen-swift=$1" --proto_path=Schemas --swift_out=Generated wire.proto json.proto answers.proto rpc.proto
