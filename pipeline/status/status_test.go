package status

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/kafka"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/datelinenews/dateline/pipeline/search"
)

func TestCompare(t *testing.T) {
	before := []kafka.Lag{{Topic: "raw", Partition: 0, Committed: 100, End: 300, Lag: 200}, {Topic: "raw", Partition: 1, Committed: -1, First: 10, End: 50, Lag: 40}}
	after := []kafka.Lag{{Topic: "raw", Partition: 0, Committed: 160, End: 310, Lag: 150}, {Topic: "raw", Partition: 1, Committed: 30, First: 10, End: 50, Lag: 20}, {Topic: "raw", Partition: 2, Committed: -1, End: 7, Lag: 7}}
	q := compare("g", before, after, 2*time.Second)
	if q.Lag != 177 || q.Done != 40 || q.Arrived != 5 || len(q.Partitions) != 3 || math.Abs(q.LeftSeconds-177.0/35) > 1e-9 || q.Left != 5*time.Second {
		t.Errorf("%+v", q)
	}
	if q := compare("g", after, after, time.Second); q.Done != 0 || q.Left != 0 {
		t.Errorf("a queue that stands still has %+v", q)
	}
}

type counter struct {
	counts *search.Counts
	err    error
}

func (c counter) Counts(context.Context) (*search.Counts, error) { return c.counts, c.err }

// A report of a real topic, of dead letters, and of an index that fails.
func TestTake(t *testing.T) {
	broker := servers.Kafka(t)
	name := servers.Name("status")
	conn := kafka.Connection{Brokers: []string{broker}}
	admin, err := kafka.NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.EnsureTopics(t.Context(), kafka.Topic{Name: name + "-raw", Partitions: 3}, kafka.Topic{Name: name + "-dead", Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	raw, err := kafka.NewProducer(kafka.ProducerConfig{Connection: conn, Topic: name + "-raw"})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	messages := make([]pipeline.Message, 30)
	for i := range messages {
		messages[i].Value = []byte(`{"text":"x"}`)
	}
	if err := raw.Produce(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	dead, err := kafka.NewDeadLetters(kafka.ProducerConfig{Connection: conn, Topic: name + "-dead"})
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	letter := func(stage pipeline.Stage, kind pipeline.Kind) pipeline.DeadLetter {
		return pipeline.DeadLetter{Value: []byte("x"), Stage: stage, Kind: kind, Reason: "why " + string(kind), Time: time.Now()}
	}
	if err := dead.Bury(t.Context(), []pipeline.DeadLetter{
		letter(pipeline.StageDecode, pipeline.KindCut), letter(pipeline.StageDecode, pipeline.KindCut),
		letter(pipeline.StageStore, pipeline.KindRejected), letter(pipeline.StageDecode, ""),
	}); err != nil {
		t.Fatal(err)
	}
	r := Take(t.Context(), Config{
		Kafka: conn, Topics: []string{name + "-raw"}, Group: name, DeadTopic: name + "-dead", Window: 50 * time.Millisecond,
		Index: counter{err: errors.New("no index today")},
	})
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "index: no index today") || r.Index != nil {
		t.Errorf("errors %q, index %+v", r.Errors, r.Index)
	}
	if r.Queue == nil || r.Queue.Lag != 30 || len(r.Queue.Partitions) != 3 || r.Queue.Partitions[0].Committed != -1 {
		t.Errorf("queue %+v", r.Queue)
	}
	if r.Dead == nil || r.Dead.Total != 4 || r.Dead.Read != 4 || len(r.Dead.Reasons) != 3 ||
		r.Dead.Reasons[0] != (Reason{pipeline.StageDecode, pipeline.KindCut, 2, "why cut"}) || r.Dead.Reasons[1].Kind != pipeline.KindOther {
		t.Errorf("dead letters %+v", r.Dead)
	}
	r = Take(t.Context(), Config{Index: counter{counts: &search.Counts{Articles: 7}}})
	if r.Queue != nil || r.Dead != nil || len(r.Errors) != 0 || r.Index.Articles != 7 {
		t.Errorf("with an index alone %+v", r)
	}
	r = Take(t.Context(), Config{Kafka: conn, Topics: []string{name + "-missing"}, Group: name, Window: time.Millisecond})
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "does not exist") {
		t.Errorf("of a topic that is not there: %q", r.Errors)
	}
}

// What the group reads, or has committed offsets of, is looked at beside the topic that is set; and that is left out
// where nobody has made it.
func TestTakeOfGroup(t *testing.T) {
	name := servers.Name("status")
	conn := kafka.Connection{Brokers: []string{servers.Kafka(t)}}
	admin, err := kafka.NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for topic, n := range map[string]int{"raw": 30, "also": 7} {
		topic = name + "-" + topic
		if _, err := admin.EnsureTopics(t.Context(), kafka.Topic{Name: topic, Partitions: 2}); err != nil {
			t.Fatal(err)
		}
		p, err := kafka.NewProducer(kafka.ProducerConfig{Connection: conn, Topic: topic})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		messages := make([]pipeline.Message, n)
		for i := range messages {
			messages[i].Value = []byte(`{"text":"x"}`)
		}
		if err := p.Produce(t.Context(), messages); err != nil {
			t.Fatal(err)
		}
	}
	look := func(topic string) *Report {
		return Take(t.Context(), Config{Kafka: conn, Topics: []string{topic}, GroupTopics: true, Group: name, Window: time.Millisecond})
	}
	if r := look(name + "-missing"); len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "does not exist") {
		t.Errorf("of a topic that is not there, with a group that has none: %q", r.Errors)
	}
	source, err := kafka.NewSource(kafka.SourceConfig{Connection: conn, Topics: []string{name + "-also"}, Group: name})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	batch, err := source.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Topic{{name + "-also", 7}, {name + "-raw", 30}}
	if r := look(name + "-raw"); len(r.Errors) != 0 || r.Queue.Lag != 37 || !slices.Equal(r.Queue.Topics, want) {
		t.Errorf("with a member that has committed nothing: %+v, %q", r.Queue, r.Errors)
	}
	if err := source.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	want[0].Lag -= int64(len(batch.Messages))
	if r := look(name + "-raw"); len(r.Errors) != 0 || !slices.Equal(r.Queue.Topics, want) || len(r.Queue.Partitions) != 4 {
		t.Errorf("without a member: %+v, %q", r.Queue, r.Errors)
	}
	if r := look(name + "-missing"); len(r.Errors) != 0 || !slices.Equal(r.Queue.Topics, want[:1]) {
		t.Errorf("without the topic that is set: %+v, %q", r.Queue, r.Errors)
	}
}
