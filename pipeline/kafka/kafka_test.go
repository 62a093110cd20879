package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/segmentio/kafka-go"
)

func TestConnectionErrors(t *testing.T) {
	dir := t.TempDir()
	notPEM := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		conn Connection
		want string
	}{
		"address":       {Connection{Brokers: []string{":9092"}}, "not host:port"},
		"CA missing":    {Connection{TLS: TLS{CAFile: filepath.Join(dir, "none.pem")}}, "CA file"},
		"CA not PEM":    {Connection{TLS: TLS{CAFile: notPEM}}, "no PEM certificate"},
		"cert, no key":  {Connection{TLS: TLS{CertFile: notPEM}}, "both"},
		"bad key pair":  {Connection{TLS: TLS{CertFile: notPEM, KeyFile: notPEM}}, "client certificate"},
		"no mechanism":  {Connection{SASL: SASL{User: "ada", Password: "x"}}, "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		"odd mechanism": {Connection{SASL: SASL{Mechanism: "GSSAPI", User: "ada", Password: "x"}}, `"GSSAPI"`},
		"no password":   {Connection{SASL: SASL{Mechanism: "PLAIN", User: "ada"}}, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.conn.open()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestConnection(t *testing.T) {
	l, err := Connection{}.open()
	if err != nil {
		t.Fatal(err)
	}
	if l.brokers[0] != DefaultBroker || l.transport.TLS != nil || l.dialer.SASLMechanism != nil {
		t.Errorf("the zero value is %v with TLS %v and account %v", l.brokers, l.transport.TLS, l.dialer.SASLMechanism)
	}
	for mechanism, want := range map[string]string{"plain": "PLAIN", "SCRAM-SHA-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512"} {
		c := Connection{Brokers: []string{"one", " two:1234 "}, TLS: TLS{Enabled: true}, SASL: SASL{mechanism, "ada", "very secret"}}
		l, err := c.open()
		if err != nil {
			t.Fatal(err)
		}
		if got := l.dialer.SASLMechanism.Name(); got != want || l.transport.SASL.Name() != want {
			t.Errorf("mechanism %s for %s", got, mechanism)
		}
		if l.brokers[0] != "one:9092" || l.brokers[1] != "two:1234" {
			t.Errorf("brokers %v", l.brokers)
		}
		if l.transport.TLS == nil {
			t.Error("no TLS")
		}
		if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, "very secret") {
			t.Errorf("the password is printed: %s", s)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []SourceConfig{
		{Start: Fail}, {Start: "first"}, {OutOfRange: "none"}, {SessionTimeout: time.Millisecond},
		{BufferBytes: -1}, {Connection: Connection{Brokers: []string{""}}},
	} {
		if s, err := NewSource(c); err == nil {
			t.Errorf("%+v is accepted", c)
			_ = s.Close()
		}
	}
	if _, err := NewProducer(ProducerConfig{Compression: "rar"}); err == nil {
		t.Error("compression rar is accepted")
	}
}

func TestPingErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only to be rude
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	for name, c := range map[string]struct{ addr, want string }{
		"nobody":   {"127.0.0.1:1", "is Kafka running? set --kafka"},
		"no name":  {"kafka.invalid:9092", "no such host"},
		"hangs up": {l.Addr().String(), "closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := NewAdmin(Connection{Brokers: []string{c.addr}})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err = a.Ping(ctx)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.addr) {
				t.Errorf("error %v, want one with %q and the address", err, c.want)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	message := func(n int) pipeline.Message { return pipeline.Message{Value: make([]byte, n)} }
	ms := []pipeline.Message{message(4), message(4), message(4), message(99), message(1), message(1), message(1), message(1)}
	var got []int
	for _, run := range split(ms, 3, 10) {
		got = append(got, len(run))
	}
	if fmt.Sprint(got) != "[2 1 1 3 1]" {
		t.Errorf("runs of %v, want [2 1 1 3 1]", got)
	}
	if split(nil, 3, 10) != nil {
		t.Error("runs of nothing")
	}
}

// cluster is a test's view of the shared broker.
type cluster struct {
	addr  string
	topic string
	group string
}

// newTopic makes a topic of the test's own.
func newTopic(t *testing.T, partitions int, config map[string]string) cluster {
	t.Helper()
	return topicAt(t, servers.Kafka(t), partitions, config)
}

func topicAt(t *testing.T, addr string, partitions int, config map[string]string) cluster {
	t.Helper()
	c := cluster{addr: addr, topic: servers.Name("raw"), group: servers.Name("group")}
	a := c.admin(t)
	made, err := a.EnsureTopics(t.Context(), Topic{Name: c.topic, Partitions: partitions, Config: config})
	if err != nil || len(made) != 1 {
		t.Fatalf("EnsureTopics made %v: %v", made, err)
	}
	return c
}

func (c cluster) connection() Connection { return Connection{Brokers: []string{c.addr}} }

func (c cluster) admin(t *testing.T) *Admin {
	t.Helper()
	a, err := NewAdmin(c.connection())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func (c cluster) config(t *testing.T) SourceConfig {
	return SourceConfig{
		Connection: c.connection(), Topics: []string{c.topic}, Group: c.group, SessionTimeout: 6 * time.Second,
		BatchMessages: 10, Notify: func(err error) { t.Logf("source: %v", err) },
	}
}

func (c cluster) source(t *testing.T, cfg SourceConfig) *Source {
	t.Helper()
	s, err := NewSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (c cluster) producer(t *testing.T, change func(*ProducerConfig)) *Producer {
	t.Helper()
	cfg := ProducerConfig{Connection: c.connection(), Topic: c.topic}
	if change != nil {
		change(&cfg)
	}
	p, err := NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// put produces n messages, "from" counting on.
func (c cluster) put(t *testing.T, from, n int) {
	t.Helper()
	if err := c.producer(t, nil).Produce(t.Context(), messages(from, n)); err != nil {
		t.Fatalf("produce: %v", err)
	}
}

func messages(from, n int) []pipeline.Message {
	var ms []pipeline.Message
	for i := from; i < from+n; i++ {
		ms = append(ms, pipeline.Message{Key: fmt.Appendf(nil, "k%d", i%50), Value: fmt.Appendf(nil, "m%d", i)})
	}
	return ms
}

// committed sums what the group has committed.
func (c cluster) committed(t *testing.T) (sum int64) {
	t.Helper()
	lags, err := c.admin(t).Lag(t.Context(), c.group, c.topic)
	if err != nil {
		t.Fatalf("lag: %v", err)
	}
	for _, l := range lags {
		sum += max(l.Committed, 0)
	}
	return sum
}

// read returns n messages' values and the last batch.
func read(t *testing.T, s pipeline.Source, n int) ([]string, *pipeline.Batch) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var values []string
	var last *pipeline.Batch
	for len(values) < n {
		b, err := s.Read(ctx)
		if err != nil {
			t.Fatalf("read after %d of %d messages: %v", len(values), n, err)
		}
		for _, m := range b.Messages {
			values = append(values, string(m.Value))
		}
		last = b
	}
	return values, last
}

// nothing checks that the source has nothing to read for a while.
func nothing(t *testing.T, s pipeline.Source, wait time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	if b, err := s.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("read gave %v, %v, want nothing", b, err)
	}
}

func TestEnsureTopics(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 3, map[string]string{"compression.type": "lz4"})
	a := c.admin(t)
	made, err := a.EnsureTopics(t.Context(), Topic{Name: c.topic, Partitions: 5})
	if err != nil || len(made) != 0 {
		t.Errorf("the second time it made %v: %v", made, err)
	}
	lags, err := a.Lag(t.Context(), c.group, c.topic)
	if err != nil || len(lags) != 3 {
		t.Errorf("%d partitions: %v", len(lags), err)
	}
	if _, err := a.EnsureTopics(t.Context(), Topic{Name: servers.Name("x"), Config: map[string]string{"no.such.setting": "1"}}); err == nil {
		t.Error("an unknown setting is accepted")
	}
	if _, err := a.EnsureTopics(t.Context(), DefaultTopics()...); err != nil {
		t.Errorf("default topics: %v", err)
	}
}

func TestLag(t *testing.T) {
	t.Parallel()
	c := newTopic(t, 2, nil)
	c.put(t, 0, 100)
	total := func() (lag int64) {
		lags, err := c.admin(t).Lag(t.Context(), c.group, c.topic)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lags {
			lag += l.Lag
		}
		return lag
	}
	if got := total(); got != 100 {
		t.Errorf("lag %d before anything is read, want 100", got)
	}
	s := c.source(t, c.config(t))
	values, b := read(t, s, 40)
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if got := total(); got != int64(100-len(values)) {
		t.Errorf("lag %d after %d of 100", got, len(values))
	}
	if _, err := c.admin(t).Lag(t.Context(), c.group, "no-such-topic"); !errors.Is(err, kafka.UnknownTopicOrPartition) {
		t.Errorf("lag of a missing topic: %v", err)
	}
}

// A certificate that has expired is no broker that is not running.
func TestExplainCertificate(t *testing.T) {
	l, err := Connection{}.open()
	if err != nil {
		t.Fatal(err)
	}
	err = &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}
	if err = l.explain(t.Context(), fmt.Errorf("dial: %w", err)); !strings.Contains(err.Error(), "check the CA file") || Temporary(err) {
		t.Errorf("%v, temporary: %t", err, Temporary(err))
	}
}
