package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
)

// kafka-go asks for the partitions of topics, in its group and in Conn.ReadPartitions, with the wish that
// the broker make a topic that is missing, and has no way to say otherwise. Where the broker grants it
// (auto.create.topics.enable, on by default), a topic that was deleted would come back empty, with one
// partition, for as long as a worker runs. So the wish is taken out of the requests on their way.

// The metadata request (Apache Kafka, "Kafka Protocol Guide": API 3). Versions from 4 on have the wish, and up
// to 7 it is their last byte; kafka-go sends 6, or 1 to brokers older than those that Dateline is for.
const (
	metadataKey  = 3
	firstWishful = 4
	lastWishful  = 7
)

// guarded is a dial function whose connections, over TLS where that is set, ask for no topic to be made.
func guarded(dial dialFunc, config *tls.Config) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if config == nil {
			return &guard{Conn: conn}, nil
		}
		host, _, err := net.SplitHostPort(address)
		if err == nil {
			own := config.Clone()
			own.ServerName = host
			secure := tls.Client(conn, own)
			if err = secure.HandshakeContext(ctx); err == nil {
				return &guard{Conn: secure}, nil
			}
		}
		_ = conn.Close() // unused
		return nil, err
	}
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// guard is a connection that clears the wish in the metadata requests that are written to it. What is
// written is requests one after the other, each a length of four bytes and so many more, which begin with
// the API's key and version; writes may cut them anywhere. A connection has one writer.
type guard struct {
	net.Conn
	head [8]byte // how the request begins
	at   int     // how much of it is written
}

// Write implements net.Conn.
func (g *guard) Write(b []byte) (int, error) {
	out := b
	for i := 0; i < len(b); {
		if g.at < len(g.head) {
			n := copy(g.head[g.at:], b[i:])
			if n > g.left() { // it is shorter than that
				n = g.left()
			}
			g.at, i = g.at+n, i+n
		} else {
			n := min(g.left(), len(b)-i)
			g.at, i = g.at+n, i+n
		}
		if g.at < 4 || g.left() > 0 {
			continue
		}
		if g.wishful() {
			if &out[0] == &b[0] { // a writer must not change what it is given
				out = append([]byte(nil), b...)
			}
			out[i-1] = 0
		}
		g.at = 0
	}
	return g.Conn.Write(out)
}

// left is how much of the request is not written; while its length is not known, up to that.
func (g *guard) left() int {
	if g.at < 4 {
		return 4 - g.at
	}
	return 4 + int(binary.BigEndian.Uint32(g.head[:])) - g.at
}

// wishful says whether the request, which is written, ends with the wish.
func (g *guard) wishful() bool {
	key, version := binary.BigEndian.Uint16(g.head[4:]), binary.BigEndian.Uint16(g.head[6:])
	return g.at > len(g.head) && key == metadataKey && version >= firstWishful && version <= lastWishful
}
