package kafka

import (
	"bytes"
	"testing"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

func records(offsets ...int64) kafka.RecordReader {
	var rs []kafka.Record
	for _, o := range offsets {
		rs = append(rs, kafka.Record{Offset: o, Key: kafka.NewBytes([]byte{byte(o)}), Value: kafka.NewBytes([]byte{byte(o)})})
	}
	return kafka.NewRecordReader(rs...)
}

// Offsets are passed that hold no message: those of transactions' markers, and of batches that
// compaction has emptied. Else the partition would be fetched from the same place for ever.
func TestDecode(t *testing.T) {
	batch := func(base int64, offsets ...int64) kafka.RecordReader {
		return &protocol.RecordBatch{BaseOffset: base, Records: records(offsets...)}
	}
	control := func(offset int64) kafka.RecordReader {
		return &protocol.ControlBatch{BaseOffset: offset, Records: records(offset)}
	}
	for _, c := range []struct {
		name    string
		batches []kafka.RecordReader
		from    int64
		got     []byte // offsets of messages
		next    int64
	}{
		{"plain", []kafka.RecordReader{batch(5, 5, 6, 7)}, 5, []byte{5, 6, 7}, 8},
		{"begins before", []kafka.RecordReader{batch(5, 5, 6, 7)}, 7, []byte{7}, 8},
		{"compacted", []kafka.RecordReader{batch(5, 6, 9)}, 5, []byte{6, 9}, 10},
		{"marker between", []kafka.RecordReader{batch(0, 0, 1), control(2), batch(3, 3)}, 0, []byte{0, 1, 3}, 4},
		{"only a marker", []kafka.RecordReader{control(4)}, 4, nil, 5},
		{"emptied", []kafka.RecordReader{batch(4)}, 4, nil, 5},
		{"emptied, inside", []kafka.RecordReader{batch(4)}, 6, nil, 7},
		{"emptied, then more", []kafka.RecordReader{batch(4), batch(9, 9)}, 4, []byte{9}, 10},
		{"nothing", nil, 4, nil, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fetched{next: c.from}
			if err := f.decode(&protocol.RecordStream{Records: c.batches}, partition{"raw", 2}, c.from); err != nil {
				t.Fatal(err)
			}
			var got []byte
			for _, m := range f.messages {
				if m.Origin.Topic != "raw" || m.Origin.Partition != 2 || int64(m.Value[0]) != m.Origin.Offset {
					t.Errorf("value %v at %s", m.Value, m.Origin)
				}
				got = append(got, byte(m.Origin.Offset))
			}
			if !bytes.Equal(got, c.got) || f.next != c.next {
				t.Errorf("messages at %v, next %d, want %v and %d", got, f.next, c.got, c.next)
			}
		})
	}
}

// Whatever the sizes, split keeps all messages in order, and bounds each run that has several.
func FuzzSplit(f *testing.F) {
	f.Add([]byte{4, 4, 4, 99, 1, 1}, 3, 10)
	f.Add([]byte{}, 1, 1)
	f.Fuzz(func(t *testing.T, sizes []byte, n, size int) {
		n, size = max(n, 1), max(size, 1)
		var ms []pipeline.Message
		for i, b := range sizes {
			ms = append(ms, pipeline.Message{Value: make([]byte, b), Origin: pipeline.Origin{Offset: int64(i)}})
		}
		next := int64(0)
		for _, run := range split(ms, n, size) {
			total := 0
			for _, m := range run {
				if m.Origin.Offset != next {
					t.Fatalf("offset %d, want %d", m.Origin.Offset, next)
				}
				next++
				total += len(m.Value)
			}
			if len(run) == 0 || len(run) > n || len(run) > 1 && total > size {
				t.Fatalf("a run of %d messages and %d bytes, limits %d and %d", len(run), total, n, size)
			}
		}
		if next != int64(len(ms)) {
			t.Fatalf("%d of %d messages", next, len(ms))
		}
	})
}
