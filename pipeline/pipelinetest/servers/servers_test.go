package servers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func topics(t *testing.T, addr string) int {
	t.Helper()
	conn, err := kafka.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	partitions, err := conn.ReadPartitions()
	if err != nil {
		t.Fatalf("list topics: %v", err)
	}
	return len(partitions)
}

func TestStartKafka(t *testing.T) {
	b := StartKafka(t, KafkaOptions{})
	c := &kafka.Client{Addr: kafka.TCP(b.Addr)}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	res, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "kept", NumPartitions: 1, ReplicationFactor: 1}}})
	if err := errors.Join(err, res.Errors["kept"]); err != nil {
		t.Fatalf("create topic: %v", err)
	}
	for _, end := range []func(testing.TB){b.Stop, b.Kill} {
		addr := b.Addr
		end(t)
		if err := waitKafka(addr, 0, nil); err == nil {
			t.Fatal("the broker answers after its end")
		}
		b.Start(t)
		if got := topics(t, addr); got != 1 {
			t.Fatalf("%d topics after the restart, want 1", got)
		}
	}
}

func TestStartElasticsearch(t *testing.T) {
	n := StartElasticsearch(t, ElasticsearchOptions{Password: "secret-enough"})
	status := func(password string) int {
		req, err := http.NewRequest(http.MethodGet, n.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("elastic", password)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	check := func() {
		t.Helper()
		if got := status("secret-enough"); got != http.StatusOK {
			t.Errorf("status %d with the password, want 200", got)
		}
		if got := status("wrong-password"); got != http.StatusUnauthorized {
			t.Errorf("status %d with a wrong password, want 401", got)
		}
	}
	check()
	n.Stop(t)
	n.Start(t)
	check()
}

func TestShared(t *testing.T) {
	if a, b := Kafka(t), Kafka(t); a != b {
		t.Errorf("two brokers, %s and %s, want one", a, b)
	}
	if a, b := Elasticsearch(t), Elasticsearch(t); a != b {
		t.Errorf("two nodes, %s and %s, want one", a, b)
	}
}

func TestName(t *testing.T) {
	if a, b := Name("x"), Name("x"); a == b || !strings.HasPrefix(a, "x-") {
		t.Errorf("Name gave %q and %q", a, b)
	}
}
