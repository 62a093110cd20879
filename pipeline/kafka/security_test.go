package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// certificates makes a CA, and a key and certificate that it has signed for 127.0.0.1, as PEM.
func certificates(t *testing.T) (ca, cert, key string) {
	t.Helper()
	encode := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	caKey, leafKey := newKey(), newKey()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Dateline test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &caKey.PublicKey, caKey)
	ca = encode("CERTIFICATE", der, err)
	der, err = x509.CreateCertificate(rand.Reader, leaf, root, &leafKey.PublicKey, caKey)
	cert = encode("CERTIFICATE", der, err)
	der, err = x509.MarshalPKCS8PrivateKey(leafKey)
	return ca, cert, encode("PRIVATE KEY", der, err)
}

// A broker with accounts and TLS: each mechanism works from end to end, and each mistake is named.
func TestSecurity(t *testing.T) {
	t.Parallel()
	ca, cert, key := certificates(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	caFile, certFile, keyFile := file("ca.pem", ca), file("cert.pem", cert), file("key.pem", key)
	otherCA, _, _ := certificates(t)
	wrongCA := file("other.pem", otherCA)
	const module = "org.apache.kafka.common.security."
	properties := map[string]string{
		"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": cert, "ssl.keystore.key": key,
		"ssl.truststore.type": "PEM", "ssl.truststore.certificates": ca,
		"listener.name.ssl.ssl.client.auth": "required",
		"sasl.enabled.mechanisms":           "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
	}
	for _, l := range []string{"sasl_plaintext", "sasl_ssl"} {
		properties["listener.name."+l+".plain.sasl.jaas.config"] = module + `plain.PlainLoginModule required user_ada="ada-secret";`
		properties["listener.name."+l+".scram-sha-256.sasl.jaas.config"] = module + "scram.ScramLoginModule required;"
		properties["listener.name."+l+".scram-sha-512.sasl.jaas.config"] = module + "scram.ScramLoginModule required;"
	}
	b := servers.StartKafka(t, servers.KafkaOptions{
		Protocols: []string{"SSL", "SASL_SSL", "SASL_PLAINTEXT"}, Properties: properties,
		Format: []string{"--add-scram", "SCRAM-SHA-256=[name=ada,password=ada-secret]", "--add-scram", "SCRAM-SHA-512=[name=ada,password=ada-secret]"},
	})
	c := topicAt(t, b.Addr, 1, nil)
	at := func(protocol string) []string { return []string{b.Listeners[protocol]} }
	account := func(mechanism string) SASL { return SASL{mechanism, "ada", "ada-secret"} }

	for name, conn := range map[string]Connection{
		"PLAIN":              {Brokers: at("SASL_PLAINTEXT"), SASL: account("PLAIN")},
		"SCRAM-SHA-256":      {Brokers: at("SASL_PLAINTEXT"), SASL: account("SCRAM-SHA-256")},
		"SCRAM-SHA-512, TLS": {Brokers: at("SASL_SSL"), SASL: account("SCRAM-SHA-512"), TLS: TLS{CAFile: caFile}},
		"PLAIN, any TLS":     {Brokers: at("SASL_SSL"), SASL: account("PLAIN"), TLS: TLS{Insecure: true}},
		"client certificate": {Brokers: at("SSL"), TLS: TLS{CAFile: caFile, CertFile: certFile, KeyFile: keyFile}},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.producer(t, func(cfg *ProducerConfig) { cfg.Connection = conn })
			if err := p.Produce(t.Context(), messages(0, 5)); err != nil {
				t.Fatal(err)
			}
			cfg := c.config(t)
			cfg.Connection, cfg.Group = conn, servers.Name("group")
			s := c.source(t, cfg)
			_, batch := read(t, s, 5)
			if err := s.Commit(t.Context(), batch); err != nil {
				t.Error(err)
			}
		})
	}

	wrong := account("SCRAM-SHA-256")
	wrong.Password = "guess"
	for name, m := range map[string]struct {
		conn Connection
		want string
	}{
		"wrong password":        {Connection{Brokers: at("SASL_PLAINTEXT"), SASL: wrong}, "check mechanism, user and password"},
		"no account":            {Connection{Brokers: at("SASL_PLAINTEXT")}, "want TLS or an account"},
		"no TLS":                {Connection{Brokers: at("SASL_SSL"), SASL: account("PLAIN")}, "want TLS or an account"},
		"TLS to a plain port":   {Connection{Brokers: []string{b.Addr}, TLS: TLS{Enabled: true}}, "TLS"},
		"another CA":            {Connection{Brokers: at("SASL_SSL"), SASL: account("PLAIN"), TLS: TLS{CAFile: wrongCA}}, "check the CA file"},
		"no client certificate": {Connection{Brokers: at("SSL"), TLS: TLS{CAFile: caFile}}, "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := NewAdmin(m.conn)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			err = a.Ping(t.Context())
			if err == nil || !strings.Contains(err.Error(), m.want) || strings.Contains(err.Error(), "guess") {
				t.Errorf("error %v, want one with %q", err, m.want)
			}
		})
	}

	// A refused account ends a source: waiting does not mend it.
	cfg := c.config(t)
	cfg.Connection = Connection{Brokers: at("SASL_PLAINTEXT"), SASL: wrong}
	if _, err := c.source(t, cfg).Read(t.Context()); err == nil || !strings.Contains(err.Error(), "check mechanism") {
		t.Errorf("a source with a wrong password gave %v", err)
	}
}
