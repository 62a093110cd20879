package pipeline_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

func bury(t *testing.T, path string, letters ...pipeline.DeadLetter) {
	t.Helper()
	d := pipeline.NewDeadFile(path)
	if err := d.Bury(t.Context(), letters); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func letter(id, text string) pipeline.DeadLetter {
	return pipeline.DeadLetter{Value: raw(id, text), Stage: pipeline.StageValidate, Reason: "too long", Origin: pipeline.Origin{Path: id + ".json"}, Time: time.Now()}
}

// replay runs the letters at path into a new sink; what dies again goes back to path.
func replay(t *testing.T, path string, maxText int) (stored []string, sum pipeline.Summary) {
	t.Helper()
	src, err := pipeline.NewReplaySource(path)
	if err != nil {
		t.Fatal(err)
	}
	dead, sink := pipeline.NewDeadFile(path), &pipelinetest.MemorySink{}
	r := quick(src, sink, dead)
	r.MaxText = maxText
	if sum, err = r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []func() error{src.Close, dead.Close} {
		if err := c(); err != nil {
			t.Fatal(err)
		}
	}
	return sink.IDs(), sum
}

// TestReplay: letters that can be stored now are stored and gone, the others are letters again.
func TestReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	if _, err := pipeline.NewReplaySource(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file the error is %v", err)
	}
	part := pipeline.DeadLetter{Value: []byte("half"), Format: pipeline.Text, Name: "p", Stage: pipeline.StageRead, Reason: "cut short", Partial: true, Origin: pipeline.Origin{Path: "p.txt.gz"}}
	bury(t, path, letter("a", "Short."), letter("b", strings.Repeat("Long. ", 100)), part)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("damaged\n\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	stored, sum := replay(t, path, 100)
	if !slices.Equal(stored, []string{"a"}) || sum.DeadTotal() != 3 {
		t.Errorf("stored %q, %+v", stored, sum)
	}
	stored, sum = replay(t, path, 0)
	if !slices.Equal(stored, []string{"b"}) || sum.DeadTotal() != 2 {
		t.Errorf("with more room stored %q, %+v", stored, sum)
	}
	_, _ = replay(t, path, 0)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "part of p.txt.gz was kept"); n != 1 {
		t.Errorf("the part's advice stands %d times in:\n%s", n, b)
	}
	if !strings.Contains(string(b), `"value":"damaged"`) {
		t.Errorf("the damaged line's bytes are gone:\n%s", b)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestReplayCut: a replay that ends early leaves all letters to the next.
func TestReplayCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	var want []string
	for i := range 10 {
		id := fmt.Sprintf("a%d", i)
		want = append(want, id)
		bury(t, path, letter(id, "Short."))
	}
	src, err := pipeline.NewReplaySource(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b, err := src.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	bury(t, path, letter("later", "Short."))
	stored, _ := replay(t, path, 0)
	if !slices.Equal(stored, append(want, "later")) {
		t.Errorf("stored %q, want %q and the later one", stored, want)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
