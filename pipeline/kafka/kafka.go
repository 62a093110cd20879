// Package kafka reads raw articles from Apache Kafka as a member of a consumer group ([Source]),
// writes articles and dead letters to it ([Producer], [DeadLetters]), reads what a topic holds now
// ([Snapshot]) and prepares topics ([Admin]). It is built on segmentio/kafka-go: on its
// ConsumerGroup and its protocol client, not on its Reader and Writer (see Source and Producer
// for why).
//
// Every broker of version 2.1 or newer will do.
package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Names by default.
const (
	DefaultBroker = "localhost:9092"
	RawTopic      = "dateline-raw"
	DeadTopic     = "dateline-dead"
	DefaultGroup  = "dateline"
	clientID      = "dateline"
)

// dialTimeout bounds one connection, its TLS handshake and its login.
const dialTimeout = 10 * time.Second

// Connection says how to reach a cluster. The zero value is localhost:9092 without security.
type Connection struct {
	// Brokers are some of the cluster's host:port addresses; the rest are learnt from them.
	// Default: localhost:9092.
	Brokers []string
	TLS     TLS
	SASL    SASL
}

// TLS says how connections are encrypted: version 1.2 or newer.
type TLS struct {
	// Enabled turns TLS on; so does any of the fields below.
	Enabled bool
	// CAFile has the PEM certificates to trust instead of the system's.
	CAFile string
	// CertFile and KeyFile are the client's own PEM certificate and key, where the broker asks
	// for one.
	CertFile, KeyFile string
	// Insecure accepts any certificate: for trials only.
	Insecure bool
}

// SASL is the account to log in with. The zero value logs in nowhere.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, in either case.
	Mechanism      string
	User, Password string
}

// String leaves the password out.
func (s SASL) String() string {
	if s == (SASL{}) {
		return "none"
	}
	return fmt.Sprintf("%s as %q", s.Mechanism, s.User)
}

// GoString leaves the password out of %#v.
func (s SASL) GoString() string { return s.String() }

// link is a cluster's address with what it takes to talk to it.
type link struct {
	brokers   []string
	dialer    *kafka.Dialer
	transport *kafka.Transport
	client    *kafka.Client
}

// open checks the configuration and reads the files that it names. It does not connect.
func (c Connection) open() (*link, error) {
	brokers := slices.Clone(c.Brokers)
	if len(brokers) == 0 {
		brokers = []string{DefaultBroker}
	}
	for i, b := range brokers {
		b = strings.TrimSpace(b)
		if !strings.Contains(b, ":") {
			b = net.JoinHostPort(b, "9092")
		}
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("the Kafka address %q is not host:port", brokers[i])
		}
		brokers[i] = b
	}
	tlsConfig, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	mechanism, err := c.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	l := &link{
		brokers: brokers,
		dialer: &kafka.Dialer{
			ClientID: clientID, Timeout: dialTimeout, SASLMechanism: mechanism, DialFunc: guarded((&net.Dialer{}).DialContext, tlsConfig),
		},
		transport: &kafka.Transport{
			Dial:     (&net.Dialer{Timeout: dialTimeout}).DialContext,
			ClientID: clientID, DialTimeout: dialTimeout, TLS: tlsConfig, SASL: mechanism,
		},
	}
	l.client = &kafka.Client{Addr: kafka.TCP(brokers...), Transport: l.transport}
	return l, nil
}

// close lets go of all connections.
func (l *link) close() { l.transport.CloseIdleConnections() }

// config returns nil where TLS is off.
func (t TLS) config() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Insecure} //nolint:gosec // asked for
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read Kafka's CA file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the CA file %s for Kafka has no PEM certificate", t.CAFile)
		}
	}
	if t.CertFile == "" && t.KeyFile == "" {
		return cfg, nil
	}
	if t.CertFile == "" || t.KeyFile == "" {
		return nil, errors.New("a client certificate for Kafka needs both its certificate file and its key file")
	}
	cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate for Kafka: %w", err)
	}
	cfg.Certificates = []tls.Certificate{cert}
	return cfg, nil
}

// mechanism returns nil where no account is set.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	if s == (SASL{}) {
		return nil, nil
	}
	if s.User == "" || s.Password == "" {
		return nil, errors.New("an account for Kafka needs a user and a password")
	}
	var algo scram.Algorithm
	switch strings.ToUpper(s.Mechanism) {
	case "PLAIN":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case "SCRAM-SHA-256":
		algo = scram.SHA256
	case "SCRAM-SHA-512":
		algo = scram.SHA512
	case "":
		return nil, errors.New("an account for Kafka needs a mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	default:
		return nil, fmt.Errorf("unknown mechanism %q for Kafka: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are known", s.Mechanism)
	}
	m, err := scram.Mechanism(algo, s.User, s.Password)
	if err != nil {
		return nil, fmt.Errorf("prepare the account for Kafka: %w", err)
	}
	return m, nil
}

// dial connects to the first broker that answers, with an error that says what to do.
func (l *link) dial(ctx context.Context) (*kafka.Conn, error) {
	var first error
	for _, b := range l.brokers {
		conn, err := l.dialer.DialContext(ctx, "tcp", b)
		if err == nil {
			deadline, ok := ctx.Deadline()
			if !ok {
				deadline = time.Now().Add(dialTimeout)
			}
			if err = conn.SetDeadline(deadline); err == nil {
				return conn, nil
			}
			_ = conn.Close() // unused
		}
		if first == nil {
			first = err
		}
	}
	return nil, l.explain(ctx, first)
}

// explain says what an error of connecting means.
func (l *link) explain(ctx context.Context, err error) error {
	at := strings.Join(l.brokers, ", ")
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	var refused *net.OpError
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, kafka.SASLAuthenticationFailed), errors.Is(err, kafka.UnsupportedSASLMechanism), errors.Is(err, kafka.IllegalSASLState):
		return fmt.Errorf("the broker at %s refuses the account (%v): check mechanism, user and password: %w", at, l.mechanismName(), err)
	case errors.As(err, &certificate),
		errors.As(err, &refused) && refused.Op == "remote error": // a TLS alert of the broker's
		return fmt.Errorf("no TLS connection with Kafka at %s: check the CA file and the client certificate: %w", at, err)
	case errors.As(err, &notTLS):
		return fmt.Errorf("the broker at %s does not speak TLS on that port: %w", at, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the broker at %s closed the connection: does that port want TLS or an account? %w", at, err)
	case errors.As(err, &dns):
		return fmt.Errorf("no broker answers at %s: no such host: set --kafka: %w", at, err)
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return fmt.Errorf("no broker answers at %s: is Kafka running? set --kafka: %w", at, err)
}

func (l *link) mechanismName() string {
	if l.dialer.SASLMechanism == nil {
		return "none"
	}
	return l.dialer.SASLMechanism.Name()
}
