#pragma once

// Why two ends of a connection could not agree: the cases that a person can do something about.
// Which words and which remedy belong to a case is the business of the end that says it.
//
// Thread: safe, no state but OpenSSL's error queue of the calling thread.

#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace sfp::net {

struct Trouble {
  enum class Kind {
    kNone,
    kSilent,     // it ended before the peer had sent anything
    kTimeout,    // the handshake took too long
    kPeerTls,    // we speak plain text, the peer TLS
    kPeerPlain,  // we speak TLS, the peer does not
    kPeerHttp1,  // we speak HTTP/2, the peer HTTP/1
    // The peer's certificate.
    kNoCertificate,
    kUntrusted,
    kExpired,  // detail: the date
    kNotYetValid,
    kWrongName,     // detail: the names that it is for
    kWrongPurpose,  // a server's where a client's is due, or the other way round
    // The peer's word about ours.
    kTheyDistrust,
    kTheySayExpired,
    kTheyWantCertificate,
    kTheyReject,  // detail: its alert
    kOther,       // detail: OpenSSL's words
  };
  Kind kind = Kind::kNone;
  std::string detail;
};

// What was read off a certificate that was not accepted: OpenSSL forgets it with the handshake.
struct RejectedPeer {
  std::string names;
  std::string expiry;
};
// From now on it is written down; `peer` lives as long as the handshake.
void WriteDownRejected(SSL* ssl, RejectedPeer* peer);

// After a call on `ssl` failed, before anything else is done with OpenSSL on this thread.
Trouble TroubleOf(SSL* ssl);

// What the first bytes of an answer to a plain HTTP/2 client give away; kNone if it may be HTTP/2.
Trouble TroubleInFirstBytes(std::string_view bytes);

}  // namespace sfp::net
