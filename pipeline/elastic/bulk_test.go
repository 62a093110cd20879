package elastic

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fake is an index at a server that answers what the test says.
func fake(t *testing.T, handler http.HandlerFunc, change ...func(*Config)) *Index {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	cfg := Config{Addresses: []string{s.URL}, MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	x, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

// bulkIDs are the IDs of a bulk request's ops, all of which index.
func bulkIDs(t *testing.T, r *http.Request) []string {
	t.Helper()
	var ids []string
	s := bufio.NewScanner(r.Body)
	for n := 0; s.Scan(); n++ {
		if n%2 == 1 {
			continue
		}
		var h map[action]header
		if err := json.Unmarshal(s.Bytes(), &h); err != nil {
			t.Errorf("bulk line %q: %v", s.Text(), err)
		}
		ids = append(ids, h[actionIndex].ID)
	}
	return ids
}

func answerBulk(w io.Writer, statuses ...int) {
	var items []string
	for _, s := range statuses {
		e := ""
		if s >= 300 {
			e = `,"error":{"type":"some_exception","reason":"outer","caused_by":{"type":"inner_exception","reason":"why"}}`
		}
		items = append(items, fmt.Sprintf(`{"index":{"status":%d,"_seq_no":7,"_primary_term":2%s}}`, s, e))
	}
	fmt.Fprintf(w, `{"items":[%s]}`, strings.Join(items, ","))
}

func indexOps(ids ...string) []op {
	var out []op
	for _, id := range ids {
		out = append(out, op{action: actionIndex, ref: docRef{"i", id}, doc: []byte(`{}`)})
	}
	return out
}

func TestBulkItems(t *testing.T) {
	var asked [][]string
	x := fake(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, bulkIDs(t, r))
		switch len(asked) {
		case 1:
			answerBulk(w, 201, 429, 400, 503, 409)
		case 2:
			answerBulk(w, 200, 429)
		default:
			answerBulk(w, 201)
		}
	})
	out, err := x.bulk(t.Context(), indexOps("a", "b", "c", "d", "e"))
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]string{{"a", "b", "c", "d", "e"}, {"b", "d"}, {"d"}}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %q, want %q: only what was refused for now again", asked, want)
	}
	for i, want := range []int{201, 200, 400, 201, 409} {
		if out[i].status != want {
			t.Errorf("item %d: status %d, want %d", i, out[i].status, want)
		}
	}
	if want := "some_exception: outer: inner_exception: why"; out[2].reason != want || !out[2].hopeless() {
		t.Errorf("the hopeless item is %+v, want the reason %q", out[2], want)
	}
	if out[4].hopeless() || !out[4].conflict() || out[0].state != (state{7, 2}) {
		t.Errorf("outcomes %+v", out)
	}
	if n := x.Stats().Retried; n != 3 {
		t.Errorf("%d retried, want 3", n)
	}
}

func TestBulkRequests(t *testing.T) {
	tests := []struct {
		name     string
		statuses []int // of the requests; 200 after them
		body     string
		wantErr  string
		status   int // of the error
		requests int
	}{
		{"busy", []int{429, 503, 502}, "", "", 0, 4},
		{"busy for too long", []int{429, 429, 429, 429, 429, 429}, "", "gave up after 5 attempts", 429, 5},
		{"unauthorised is not tried again", []int{401}, `{"error":{"type":"security_exception","reason":"missing credentials"}}`, "check the username and password or the API key", 401, 1},
		{"forbidden", []int{403}, "", "lacks the privilege", 403, 1},
		{"a proxy's 400 is nobody's document", []int{400}, "<html>Bad Request</html>", "Bad Request", 400, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			requests := 0
			x := fake(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				if requests <= len(test.statuses) {
					w.WriteHeader(test.statuses[requests-1])
					io.WriteString(w, test.body)
					return
				}
				answerBulk(w, 201, 201)
			})
			_, err := x.bulk(t.Context(), indexOps("a", "b"))
			var status *StatusError
			switch {
			case test.wantErr == "" && err != nil:
				t.Errorf("error %v", err)
			case test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)):
				t.Errorf("error %v, want %q", err, test.wantErr)
			case test.wantErr != "" && (!errors.As(err, &status) || status.Status != test.status):
				t.Errorf("error %v, want a *StatusError of %d", err, test.status)
			}
			if requests != test.requests {
				t.Errorf("%d requests, want %d", requests, test.requests)
			}
		})
	}
}

func TestBulkForbiddenItem(t *testing.T) {
	x := fake(t, func(w http.ResponseWriter, _ *http.Request) { answerBulk(w, 201, 403) })
	if _, err := x.bulk(t.Context(), indexOps("a", "b")); err == nil || !strings.Contains(err.Error(), "privilege") {
		t.Errorf("error %v: what an operator can mend must not cost a document", err)
	}
}

func TestBulkTooLarge(t *testing.T) {
	var asked []string
	x := fake(t, func(w http.ResponseWriter, r *http.Request) {
		ids := bulkIDs(t, r)
		asked = append(asked, strings.Join(ids, ""))
		if len(ids) > 2 || strings.Join(ids, "") == "huge" {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		for _, id := range ids {
			if id == "huge" {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
		}
		answerBulk(w, []int{201, 201}[:len(ids)]...)
	})
	out, err := x.bulk(t.Context(), indexOps("a", "b", "c", "huge", "e"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{201, 201, 201, 413, 201} {
		if out[i].status != want {
			t.Errorf("item %d: status %d, want %d (requests %q)", i, out[i].status, want, asked)
		}
	}
	if !out[3].hopeless() {
		t.Error("a document that is too large by itself is not hopeless")
	}
}

func TestBulkSizes(t *testing.T) {
	var sizes []int
	x := fake(t, func(w http.ResponseWriter, r *http.Request) {
		n := len(bulkIDs(t, r))
		sizes = append(sizes, n)
		answerBulk(w, []int{201, 201, 201, 201, 201}[:n]...)
	}, func(c *Config) { c.BulkDocs, c.BulkBytes = 3, 1000 })
	ops := indexOps("a", "b", "c", "d", "e", "f")
	ops[4].doc = []byte(`"` + strings.Repeat("x", 2000) + `"`)
	if _, err := x.bulk(t.Context(), ops); err != nil {
		t.Fatal(err)
	}
	if want := []int{3, 1, 1, 1}; !reflect.DeepEqual(sizes, want) {
		t.Errorf("requests of %v ops, want %v", sizes, want)
	}
}

func TestBulkStrangeAnswers(t *testing.T) {
	for _, body := range []string{`{"items":[]}`, `{"items":[{"index":{}},{"index":{}}]}`, `{"items":[{"create":{"status":201}},{"create":{"status":201}}]}`, `nonsense`} {
		x := fake(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
		if _, err := x.bulk(t.Context(), indexOps("a", "b")); err == nil {
			t.Errorf("no error for the answer %s", body)
		}
	}
}

func TestFailover(t *testing.T) {
	live := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answerBulk(w, 201) }))
	defer live.Close()
	dead := httptest.NewServer(nil)
	dead.Close()
	x, err := Open(Config{Addresses: []string{dead.URL, live.URL}, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	for range 4 {
		if _, err := x.bulk(t.Context(), indexOps("a")); err != nil {
			t.Error(err)
		}
	}
}
