package kafka

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// wire keeps what is written.
type wire struct {
	net.Conn
	written bytes.Buffer
}

func (w *wire) Write(b []byte) (int, error) { return w.written.Write(b) }

// FuzzGuard writes requests, cut anywhere: only the wish for topics is changed, and nothing that the
// caller holds.
func FuzzGuard(f *testing.F) {
	f.Add([]byte("\x03\x06raw\x01\x03\x01raw\x01\x12\x00\x00"), uint64(1))
	f.Add([]byte("\x03\x04\x01"), uint64(2))
	f.Fuzz(func(t *testing.T, plan []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		var sent, want []byte
		for len(plan) >= 2 {
			key, version := plan[0]%5, plan[1]%10
			body := plan[2:min(len(plan), 2+r.IntN(12))]
			plan = plan[2+len(body):]
			request := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
			request = append(append(request, 0, key, 0, version), body...)
			sent = append(sent, request...)
			if key == metadataKey && version >= 4 && version <= 7 && len(body) > 0 {
				request[len(request)-1] = 0
			}
			want = append(want, request...)
		}
		given := slices.Clone(sent)
		w := &wire{}
		g := &guard{Conn: w}
		for rest := sent; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			if m, err := g.Write(rest[:n]); m != n || err != nil {
				t.Fatalf("Write returns %d, %v, want %d", m, err, n)
			}
			rest = rest[n:]
		}
		if !bytes.Equal(w.written.Bytes(), want) {
			t.Errorf("sent %x, want %x", w.written.Bytes(), want)
		}
		if !bytes.Equal(sent, given) {
			t.Error("what was given to Write is changed")
		}
	})
}

// A topic that is deleted while a worker reads it stays away, on a broker that makes every topic that it
// is asked for; and what is made anew under its name is read.
func TestDeletedTopicStaysAway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	ca, cert, key := certificates(t)
	b := servers.StartKafka(t, servers.KafkaOptions{Protocols: []string{"SSL"}, Properties: map[string]string{
		"auto.create.topics.enable": "true",
		"ssl.keystore.type":         "PEM", "ssl.keystore.certificate.chain": cert, "ssl.keystore.key": key,
		"ssl.truststore.type": "PEM", "ssl.truststore.certificates": ca,
	}})
	c := topicAt(t, b.Addr, 2, nil)
	exists := func() bool {
		t.Helper()
		conn, err := kafka.Dial("tcp", b.Addr) // none of ours, which the test is about
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		parts, err := conn.ReadPartitions() // of all topics, which makes none
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(parts, func(p kafka.Partition) bool { return p.Topic == c.topic })
	}
	if !exists() {
		t.Fatal("the topic is not there")
	}
	c.put(t, 0, 10)
	s := c.source(t, c.config(t))
	_, batch := read(t, s, 10)
	if err := s.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	admin := c.admin(t)
	if _, err := admin.link.client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{c.topic}}); err != nil {
		t.Fatal(err)
	}
	// kafka-go looks every five seconds, and a generation whose topic is gone ends and begins anew.
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if exists() && time.Until(end) < 14*time.Second {
			t.Fatal("the topic has come back")
		}
	}
	for _, conn := range []Connection{c.connection(), {Brokers: []string{b.Listeners["SSL"]}, TLS: TLS{Insecure: true}}} {
		a, err := NewAdmin(conn)
		if err != nil {
			t.Fatal(err)
		}
		if lags, err := a.Lag(t.Context(), c.group, c.topic); err == nil {
			t.Errorf("the lag of a topic that is gone is %v", lags)
		}
		_ = a.Close()
		if exists() {
			t.Fatal("asking for the lag has made the topic")
		}
	}
	if _, err := admin.EnsureTopics(t.Context(), Topic{Name: c.topic, Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	c.put(t, 100, 10)
	if got, _ := read(t, s, 10); len(got) != 10 {
		t.Errorf("read %q of the topic that was made anew", got)
	}
}
