package kafka

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

// BenchmarkSource reads and commits messages of 4 KiB, with the broker on the same machine.
func BenchmarkSource(b *testing.B) {
	conn := Connection{Brokers: []string{servers.Kafka(b)}}
	topic := servers.Name("bench")
	a, err := NewAdmin(conn)
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close() // always nil
	if _, err := a.EnsureTopics(b.Context(), Topic{Name: topic, Partitions: 4}); err != nil {
		b.Fatal(err)
	}
	p, err := NewProducer(ProducerConfig{Connection: conn, Topic: topic})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close() // always nil
	var ms []pipeline.Message
	for i := range 1000 {
		text := bytes.Repeat(fmt.Appendf(nil, "The ferry %d left port %d at noon. ", i, i*7), 120)
		ms = append(ms, pipeline.Message{Key: fmt.Appendf(nil, "k%d", i), Value: text})
	}
	start := time.Now()
	for n := 0; n < b.N; n += len(ms) {
		if err := p.Produce(b.Context(), ms[:min(len(ms), b.N-n)]); err != nil {
			b.Fatal(err)
		}
	}
	produced := float64(b.N) / time.Since(start).Seconds()
	s, err := NewSource(SourceConfig{Connection: conn, Topics: []string{topic}, Group: servers.Name("group")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() // always nil
	b.SetBytes(int64(len(ms[0].Value)))
	first := true
	for n := 0; n < b.N; {
		batch, err := s.Read(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if first { // joining is not what is measured
			first = false
			b.ResetTimer()
		}
		n += len(batch.Messages)
		if err := s.Commit(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(produced, "produced/s") // after ResetTimer, which drops metrics
}
