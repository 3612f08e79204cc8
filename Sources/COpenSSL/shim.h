#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

/* OpenSSL's macros, which Swift does not import, and a BIO without memory of its own. */

/* The ciphertext of the connection at hand. One thread's sessions share it: each call of OpenSSL takes all of the input
   and leaves all of its output, so nothing is kept here for a connection. */
struct copenssl_wire {
  const unsigned char *input;
  size_t input_count;
  unsigned char *output;
  size_t output_count;
  size_t output_capacity;
  /* Descriptor of the key log, or -1. */
  int key_log;
  /* The latest session that can be resumed, or NULL; owned. */
  SSL_SESSION *session;
};

static inline int copenssl_wire_read(BIO *bio, char *bytes, size_t count, size_t *done) {
  struct copenssl_wire *wire = (struct copenssl_wire *)BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (wire->input_count == 0) {
    BIO_set_retry_read(bio);
    *done = 0;
    return 0;
  }
  if (count > wire->input_count) count = wire->input_count;
  memcpy(bytes, wire->input, count);
  wire->input += count;
  wire->input_count -= count;
  *done = count;
  return 1;
}

static inline int copenssl_wire_write(BIO *bio, const char *bytes, size_t count, size_t *done) {
  struct copenssl_wire *wire = (struct copenssl_wire *)BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *done = 0;
  if (count > wire->output_capacity - wire->output_count) {
    size_t capacity = (wire->output_count + count) * 2;
    unsigned char *grown = (unsigned char *)OPENSSL_realloc(wire->output, capacity);
    if (!grown) return 0;
    wire->output = grown;
    wire->output_capacity = capacity;
  }
  memcpy(wire->output + wire->output_count, bytes, count);
  wire->output_count += count;
  *done = count;
  return 1;
}

static inline long copenssl_wire_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

/* The methods of a BIO that reads from and writes to a wire; NULL without memory. */
static inline BIO_METHOD *copenssl_wire_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
  if (!method) return NULL;
  BIO_meth_set_read_ex(method, copenssl_wire_read);
  BIO_meth_set_write_ex(method, copenssl_wire_write);
  BIO_meth_set_ctrl(method, copenssl_wire_control);
  return method;
}

static inline BIO *copenssl_wire_bio(BIO_METHOD *method, struct copenssl_wire *wire) {
  BIO *bio = BIO_new(method);
  if (!bio) return NULL;
  BIO_set_data(bio, wire);
  BIO_set_init(bio, 1);
  return bio;
}

/* What every context has, of either role: no renegotiation, no compression, no buffers while a connection is idle. The
   caches of sessions are off: a client's sessions come by callback, a server's go into tickets. */
static inline void copenssl_configure(SSL_CTX *context, int is_server) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(
      context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(
      context, is_server ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}

static inline int copenssl_set_minimum_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int copenssl_set_maximum_version(SSL_CTX *context, int version) {
  return (int)SSL_CTX_set_max_proto_version(context, version);
}

/* SNI (RFC 6066 section 3); 1, or 0 where the name is too long. */
static inline int copenssl_set_server_name(SSL *ssl, const char *name) {
  return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void copenssl_wire_free(struct copenssl_wire *wire) { OPENSSL_free(wire->output); }

/* Whether SSL_free_buffers spares a record of which only the header is there: mended in 3.0.14, 3.1.6, 3.2.2 and 3.3.1
   (CVE-2024-4741). 0 or 1. */
static inline int copenssl_keeps_half_records(void) {
  unsigned major = OPENSSL_version_major(), minor = OPENSSL_version_minor(), patch = OPENSSL_version_patch();
  if (major != 3) return major > 3;
  switch (minor) {
    case 0: return patch >= 14;
    case 1: return patch >= 6;
    case 2: return patch >= 2;
    case 3: return patch >= 1;
    default: return 1;
  }
}
