package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
)

// bomb puts a record of n zeros into the topic, packed to next to nothing.
func (c cluster) bomb(t *testing.T, codec kafka.Compression, n int) {
	t.Helper()
	c.produce(t, codec, kafka.Record{Key: kafka.NewBytes([]byte("bomb")), Value: kafka.NewBytes(make([]byte, n))})
}

// produce sends records to the first partition as one batch. A topic that was just made takes a moment.
func (c cluster) produce(t *testing.T, codec kafka.Compression, records ...kafka.Record) {
	t.Helper()
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &kafka.Client{Addr: kafka.TCP(c.addr), Transport: transport, Timeout: time.Minute}
	for end := time.Now().Add(time.Minute); ; time.Sleep(500 * time.Millisecond) {
		res, err := client.Produce(t.Context(), &kafka.ProduceRequest{
			Topic: c.topic, Partition: 0, RequiredAcks: kafka.RequireAll, Compression: codec, Records: kafka.NewRecordReader(records...),
		})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			return
		}
		if !errors.Is(err, kafka.UnknownTopicOrPartition) || time.Now().After(end) {
			t.Fatalf("produce: %v", err)
		}
	}
}

// A batch that unpacks to hundreds of megabytes costs a bounded amount of memory, is a message with a
// reason, and blocks neither what is before it nor what is after.
func TestUnpackBomb(t *testing.T) {
	c := newTopic(t, 1, map[string]string{"max.message.bytes": "8388608"})
	const size = 200 << 20
	codecs := []kafka.Compression{kafka.Gzip, kafka.Lz4, kafka.Zstd}
	c.put(t, 0, 3)
	for i, codec := range codecs {
		c.bomb(t, codec, size)
		c.put(t, 10*(i+1), 3)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := c.source(t, c.config(t))
	var good, bad []string
	for len(good) < 3*(len(codecs)+1) || len(bad) < len(codecs) {
		b, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range b.Messages {
			if m.Err == nil {
				good = append(good, string(m.Value))
				continue
			}
			bad = append(bad, m.Err.Error())
			if pipeline.KindOf(m.Err) != pipeline.KindTooLong || !strings.Contains(m.Err.Error(), "smaller batches") || m.Origin.Topic != c.topic {
				t.Errorf("%s: %v", m.Origin, m.Err)
			}
		}
		if err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if fmt.Sprint(good) != "[m0 m1 m2 m10 m11 m12 m20 m21 m22 m30 m31 m32]" || len(bad) != len(codecs) {
		t.Errorf("read %q, and %d bad ones: %q", good, len(bad), bad)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(codecs)+1)*2*maxUnpacked {
		t.Errorf("%d MB of memory were taken for %d batches", took>>20, len(codecs))
	}
	// What is under the limit passes, as before.
	c.bomb(t, kafka.Zstd, maxUnpacked-1000)
	b, err := s.Read(t.Context())
	if err != nil || len(b.Messages) != 1 || b.Messages[0].Err != nil || !bytes.Equal(b.Messages[0].Value[:8], make([]byte, 8)) {
		t.Errorf("a record of just under the limit: %v", err)
	}
}
