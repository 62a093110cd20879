package pipeline

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func letters() []DeadLetter {
	at := time.Date(2025, 1, 20, 10, 0, 0, 5, time.UTC)
	return []DeadLetter{
		{Value: []byte(`{"text":"The <bridge> & “port” ` + "\u2028" + `"`), Format: JSON, Key: []byte("k"), Stage: StageDecode, Reason: "cut", Time: at,
			Origin: Origin{Topic: "raw", Partition: 0, Offset: 0, Time: at.Add(-time.Hour)}},
		{Value: []byte("\xff\xfe\x00"), Key: []byte{0xff}, Format: Text, Name: "x", Stage: StageRead, Reason: "why \"not\"\nline", Time: at,
			Origin: Origin{Path: "in/x.txt.gz"}, Partial: true},
		{Value: nil, Stage: StageRead, Reason: "permission denied", Time: at, Origin: Origin{Path: "in/y.jsonl", Line: 12}},
		{Value: []byte{}, Stage: StageStore, Reason: "mapping", Origin: Origin{Topic: "raw", Partition: 3, Offset: 1 << 40}},
	}
}

func equal(a, b DeadLetter) bool {
	return bytes.Equal(a.Value, b.Value) && bytes.Equal(a.Key, b.Key) && a.Format == b.Format && a.Name == b.Name && a.Stage == b.Stage &&
		a.Reason == b.Reason && a.Partial == b.Partial && a.Time.Equal(b.Time) && a.Origin.Time.Equal(b.Origin.Time) &&
		a.Origin.String() == b.Origin.String()
}

func TestDeadLetterJSON(t *testing.T) {
	for i, want := range letters() {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(b, "\n") {
			t.Errorf("letter %d has a line break: %s", i, b)
		}
		var got DeadLetter
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if !equal(got, want) {
			t.Errorf("letter %d came back as %+v\nwant %+v", i, got, want)
		}
	}
	b, err := letters()[0].MarshalJSON()
	if err != nil || !bytes.Contains(b, []byte("<bridge> & “port”")) || !bytes.Contains(b, []byte(`"offset":0`)) {
		t.Errorf("the value isn't readable, or the offset is missing: %s", b)
	}
	for _, bad := range []string{"{}", "7", `{"stage":7}`, `{"stage":"read","value_base64":"%"}`} {
		if err := json.Unmarshal([]byte(bad), new(DeadLetter)); err == nil {
			t.Errorf("%s is read as a dead letter", bad)
		}
	}
}

func readAll(t *testing.T, path string) (all []DeadLetter, errs []error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for l, err := range ReadDeadLetters(f) {
		if err != nil {
			errs = append(errs, err)
		} else {
			all = append(all, l)
		}
	}
	return all, errs
}

func TestDeadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	d := NewDeadFile(path)
	if err := d.Bury(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a file was made for no letter")
	}
	want := letters()
	if err := d.Bury(t.Context(), want[:1]); err != nil {
		t.Fatal(err)
	}
	if err := d.Bury(t.Context(), want[1:2]); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// A run that was cut in the middle of a line.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"stage":"read","rea`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	d = NewDeadFile(path)
	if err := d.Bury(t.Context(), want[2:]); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	got, errs := readAll(t, path)
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "line 3") {
		t.Errorf("errors %v, want one for line 3", errs)
	}
	if len(got) != len(want) {
		t.Fatalf("%d letters, want %d", len(got), len(want))
	}
	for i := range want {
		if !equal(got[i], want[i]) {
			t.Errorf("letter %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestDeadFileError(t *testing.T) {
	d := NewDeadFile(filepath.Join(t.TempDir(), "no", "such", "folder", "dead.jsonl"))
	if err := d.Bury(t.Context(), letters()); err == nil || !strings.Contains(err.Error(), "dead.jsonl") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestOriginString(t *testing.T) {
	for want, o := range map[string]Origin{
		"raw/2@7": {Topic: "raw", Partition: 2, Offset: 7}, "a.jsonl:3": {Path: "a.jsonl", Line: 3}, "a.txt": {Path: "a.txt"},
	} {
		if got := o.String(); got != want {
			t.Errorf("%+v is %q, want %q", o, got, want)
		}
	}
}

func FuzzDeadLetter(f *testing.F) {
	f.Add([]byte("text"), []byte("\xff"), "reason")
	f.Fuzz(func(t *testing.T, value, key []byte, reason string) {
		if !utf8.ValidString(reason) {
			return // reasons are our own words
		}
		want := DeadLetter{Value: value, Key: key, Reason: reason, Stage: StageDecode, Origin: Origin{Topic: "t", Offset: 9}}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got DeadLetter
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if !equal(got, want) {
			t.Errorf("came back as %+v, want %+v", got, want)
		}
	})
}

func TestBackoff(t *testing.T) {
	const least, most = 100 * time.Millisecond, 3 * time.Second
	for attempt, want := range map[int]time.Duration{1: least, 2: 2 * least, 4: 8 * least, 6: most, 100: most} {
		for range 50 {
			if d := backoff(attempt, least, most); d < want/2 || d > want {
				t.Errorf("after %d attempts the wait is %v, want %v to %v", attempt, d, want/2, want)
			}
		}
	}
}

func TestRejectErrorIsStable(t *testing.T) {
	e := &RejectError{Reasons: map[int]string{7: "seven", 3: "three", 9: "nine"}}
	for range 20 {
		if got := e.Error(); got != "3 records rejected; first: record 3: three" {
			t.Fatal(got)
		}
	}
}
