package pipeline_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

func TestTraceID(t *testing.T) {
	const id, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for trace, want := range map[string]string{
		"00-" + id + "-" + parent + "-01": id,
		"00-" + id + "-" + parent + "-00": id,
		"":                                "",
		"01-" + id + "-" + parent + "-01": "",
		"00-" + strings.ToUpper(id) + "-" + parent + "-01":     "",
		"00-" + strings.Repeat("0", 32) + "-" + parent + "-01": "",
		"00-" + id + "-" + strings.Repeat("0", 16) + "-01":     "",
		"00-" + id + "-" + parent + "-01\n":                    "",
		"00-" + id + "-" + parent:                              "",
	} {
		if got := (pipeline.Origin{Trace: trace}).TraceID(); got != want || pipeline.ValidTrace(trace) != (want != "") {
			t.Errorf("%q has trace %q, want %q", trace, got, want)
		}
	}
}

// A dead letter keeps its message's trace, and the log names it.
func TestTraceOfDeadLetter(t *testing.T) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	var log bytes.Buffer
	dead := &pipelinetest.MemoryDead{}
	src := &stream{messages: []pipeline.Message{
		{Value: []byte("not JSON"), Origin: pipeline.Origin{Topic: "raw", Trace: trace}}, {Value: []byte("not JSON either"), Origin: pipeline.Origin{Topic: "raw", Offset: 1}},
	}}
	r := quick(src, &pipelinetest.MemorySink{}, dead)
	r.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	if _, err := r.Run(t.Context()); err != nil && len(dead.Letters()) != 2 {
		t.Fatal(err)
	}
	b, err := json.Marshal(dead.Letters()[0])
	if err != nil {
		t.Fatal(err)
	}
	var again pipeline.DeadLetter
	if err := json.Unmarshal(b, &again); err != nil || again.Message().Origin.Trace != trace {
		t.Errorf("the letter that was read again has %+v, %v", again.Origin, err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var first, second map[string]any
	for _, l := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatal(err)
		}
		if m["msg"] == "dead letter" && m["origin"] == "raw/0@0" {
			first = m
		} else if m["msg"] == "dead letter" {
			second = m
		}
	}
	if first["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" || second == nil || second["trace_id"] != nil {
		t.Errorf("the log has\n%s", &log)
	}
}
