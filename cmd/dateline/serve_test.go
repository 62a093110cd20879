package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is a buffer that is read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serving starts a subcommand that serves, and returns its address, what it has said so far, and what
// stops it.
func serving(t *testing.T, code int, args ...string) (base string, said, stop func() string) {
	t.Helper()
	cmd, err := Parse(args, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var out output
	done := make(chan int, 1)
	go func() { done <- cmd.Run(ctx, strings.NewReader(""), io.Discard, &out) }()
	stop = func() string {
		cancel()
		if got := <-done; got != code {
			t.Errorf("%v ends with %d, want %d\n%s", args, got, code, out.String())
		}
		return out.String()
	}
	at := regexp.MustCompile(`at (http://\S+)`)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := at.FindStringSubmatch(out.String()); m != nil {
			return m[1], out.String, stop
		}
		select {
		case got := <-done:
			done <- got
			t.Fatalf("%v ended with %d\n%s", args, got, out.String())
		default:
		}
	}
	t.Fatalf("%v does not serve\n%s", args, out.String())
	return "", nil, nil
}

func body(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// An article is read, shown, corrected, and extracted again as it was corrected.
func TestRunServesAndLearns(t *testing.T) {
	inFolder(t)
	write(t, "news/one.json", `{"id":"one","title":"Storm","text":"Peter Kiplagat Rono said on Monday that Harbour Wire would close. “It is over,” Peter Kiplagat Rono told reporters in Kisumu.","published":"2025-03-12"}`)
	base, said, stop := serving(t, 0, "run", "news", "--serve", "--edit", "--listen", "127.0.0.1:0")
	type answer struct {
		Total int
		Items []struct{ People, Places, Organisations []string }
	}
	ask := func(base string) (a answer) {
		if err := json.Unmarshal([]byte(body(t, base+"/api/search?q=over")), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	// An article can be found before the run has ended, and a run that is stopped has failed.
	for end := time.Now().Add(time.Minute); !strings.Contains(said(), "1 article stored") && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	first := ask(base)
	if first.Total != 1 || len(first.Items[0].People) == 0 || first.Items[0].People[0] != "Peter Kiplagat Rono" {
		t.Fatalf("found %+v", first)
	}
	if page := body(t, base+"/status"); !strings.Contains(page, "Dead letters") || !strings.Contains(page, "Extractions") {
		t.Error("the status page lacks dead letters or versions")
	}
	res, err := http.PostForm(base+"/corrections", url.Values{
		"kind": {"same-as"}, "key": {"person:peter-kiplagat-rono"}, "name": {"Peter Kiplagat Rono"}, "type": {"person"}, "to": {"P. K. Rono"},
	})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("a correction answers %v, %v", res, err)
	}
	res.Body.Close()
	if got := ask(base); got.Items[0].People[0] != "P. K. Rono" {
		t.Errorf("corrected, it shows %+v", got)
	}
	stop()
	if _, err := os.Stat("corrections.jsonl"); err != nil {
		t.Fatal(err)
	}
	if r := dateline(t, nil, "", "run", "news"); r.code != 0 || !strings.Contains(r.out, "P. K. Rono") {
		t.Errorf("the next extraction knows nothing of it (%d):\n%s%s", r.code, r.out, r.err)
	}
	base, _, stop = serving(t, 0, "serve", "--listen", "127.0.0.1:0")
	if page := body(t, base+"/?q=person:%22P.%20K.%20Rono%22"); !strings.Contains(page, "1 article<") {
		t.Error("the name that it now has finds nothing")
	}
	stop()
	// What was a dead letter is extracted in the same way.
	write(t, "late/two.json", `{"id":"two","text":"Peter Kiplagat Rono said on Tuesday that it was not over.`+strings.Repeat(" All is well in Bergen.", 100)+`"}`)
	if r := dateline(t, nil, "", "run", "late", "--max-text", "1kB"); r.code != 3 {
		t.Fatalf("a long article ends with %d: %s", r.code, r.err)
	}
	if r := dateline(t, nil, "", "replay"); r.code != 0 || !strings.Contains(r.out, "P. K. Rono") {
		t.Errorf("replay knows nothing of it (%d):\n%s%s", r.code, r.out, r.err)
	}
}

func TestServeRefusesToBeOpen(t *testing.T) {
	inFolder(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--listen", "0.0.0.0:0"}, "--open if that is meant"},
		{[]string{"--listen", ":0"}, "--open if that is meant"},
		{[]string{"--listen", "nonsense"}, "want an address and a port"},
		{[]string{"--proxy-from", "10.0.0.1"}, "name the header"},
		{[]string{"--proxy-header", "X-User", "--proxy-from", "home"}, "want an address or a network"},
		{[]string{"--listen", "127.0.0.1:0"}, "there is no index"},
	} {
		r := dateline(t, nil, "", append([]string{"serve"}, c.args...)...)
		if r.code == 0 || !strings.Contains(r.err, c.says) {
			t.Errorf("serve %v ends with %d: %s", c.args, r.code, r.err)
		}
	}
}
