package web

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// document is what a test reads of the OpenAPI document.
type document struct {
	OpenAPI    string `json:"openapi"`
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type operation struct {
	OperationID string `json:"operationId"`
	Parameters  []struct {
		Name, In string
		Required bool
		Schema   schema
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Format               string
	Enum                 []string
	Items                *schema
	MinItems             int
	MaxItems             *int
	Properties           map[string]schema
	Required             []string
	AdditionalProperties json.RawMessage
}

// check says what of a value is not as its schema promises.
func (d *document) check(s schema, v any, at string) []string {
	if s.Ref != "" {
		named, ok := d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		if !ok {
			return []string{at + ": no schema " + s.Ref}
		}
		return d.check(named, v, at)
	}
	wrong := func(want string) []string { return []string{fmt.Sprintf("%s is %T, want %s", at, v, want)} }
	switch s.Type {
	case "string":
		text, ok := v.(string)
		if !ok {
			return wrong("a string")
		}
		if _, err := time.Parse(time.RFC3339, text); s.Format == "date-time" && err != nil {
			return []string{at + ": " + err.Error()}
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
			return []string{at + " is " + text}
		}
	case "integer":
		if f, ok := v.(float64); !ok || f != math.Trunc(f) {
			return wrong("an integer")
		}
	case "number":
		if _, ok := v.(float64); !ok {
			return wrong("a number")
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return wrong("a boolean")
		}
	case "array":
		list, ok := v.([]any)
		if !ok || len(list) < s.MinItems || s.MaxItems != nil && len(list) > *s.MaxItems {
			return wrong("an array of the right length")
		}
		var out []string
		for i, item := range list {
			out = append(out, d.check(*s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return out
	case "object":
		return d.checkObject(s, v, at)
	default:
		return []string{at + ": the schema has type " + s.Type}
	}
	return nil
}

func (d *document) checkObject(s schema, v any, at string) []string {
	fields, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s is %T, want an object", at, v)}
	}
	var out []string
	for _, name := range s.Required {
		if _, ok := fields[name]; !ok {
			out = append(out, at+" lacks "+name)
		}
	}
	for name, value := range fields {
		p, known := s.Properties[name]
		if !known {
			if string(s.AdditionalProperties) == "false" || len(s.AdditionalProperties) == 0 {
				out = append(out, at+" has "+name+", which the schema does not know")
				continue
			}
			if err := json.Unmarshal(s.AdditionalProperties, &p); err != nil {
				out = append(out, at+": "+err.Error())
				continue
			}
		}
		out = append(out, d.check(p, value, at+"."+name)...)
	}
	return out
}

// The OpenAPI document is held against what the server answers.
func TestOpenAPI(t *testing.T) {
	s := newServer(t, Config{Store: stored(t), Version: "v1"})
	doc := decode[document](t, get(t, s, "/openapi.json"))
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) != len(s.endpoints()) {
		t.Fatalf("OpenAPI %s with %d paths, want 3.1.0 with %d", doc.OpenAPI, len(doc.Paths), len(s.endpoints()))
	}
	for _, must := range []string{"/api/search", "/api/articles/{id}", "/api/entities", "/api/entities/{key}", "/api/quotes", "/api/suggest"} {
		if doc.Paths[must]["get"].OperationID == "" {
			t.Errorf("there is no %s", must)
		}
	}
	seen := map[string]bool{}
	for path, operations := range doc.Paths {
		op := operations["get"]
		if seen[op.OperationID] {
			t.Errorf("two operations are named %s", op.OperationID)
		}
		seen[op.OperationID] = true
		query := url.Values{}
		address := path
		for _, p := range op.Parameters {
			switch {
			case p.In == "path" && p.Name == "id":
				address = strings.Replace(address, "{id}", "ferry-inquiry", 1)
			case p.In == "path" && p.Name == "key":
				address = strings.Replace(address, "{key}", "person:peter-kiplagat-rono", 1)
			case p.Name == "q" && strings.Contains(path, "search"):
				query.Set("q", "ferry")
			case p.Name == "q":
				query.Set("q", "ki")
			case p.Schema.Type == "integer":
				query.Set(p.Name, "3")
			case len(p.Schema.Enum) > 0:
				query.Set(p.Name, p.Schema.Enum[len(p.Schema.Enum)-1])
			}
			if p.In == "path" && !p.Required {
				t.Errorf("%s: %s is in the path and not required", path, p.Name)
			}
		}
		if strings.Contains(address, "{") {
			t.Errorf("%s: a part of the path is no parameter", path)
			continue
		}
		if strings.HasPrefix(path, "/api/quotes") {
			query.Del("q")
		}
		w := get(t, s, address+"?"+query.Encode())
		if w.Code != http.StatusOK {
			t.Errorf("%s?%s answers %d: %s", address, query.Encode(), w.Code, w.Body)
			continue
		}
		media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		content, ok := op.Responses["200"].Content[media]
		if !ok {
			t.Errorf("%s answers with %s, which the document does not say", path, media)
			continue
		}
		if media == "application/json" && path != "/openapi.json" {
			var v any
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
				t.Fatal(err)
			}
			for _, problem := range doc.check(content.Schema, v, path) {
				t.Error(problem)
			}
			if o := v.(map[string]any); o["items"] != nil && len(o["items"].([]any)) == 0 {
				t.Errorf("%s?%s answers with nothing: it shows nothing", address, query.Encode())
			}
		}
	}
}

func TestProblems(t *testing.T) {
	s := newServer(t, Config{Store: stored(t)})
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/api/search?limit=0":                   {400, "1 to 100"},
		"/api/search?limit=x":                   {400, `"x"`},
		"/api/search?q=date:soon":               {400, "date:soon"},
		"/api/search?sort=size":                 {400, "relevance or time"},
		"/api/search?cursor=nonsense":           {400, "begin anew"},
		"/api/search?page=2":                    {400, `no parameter "page"`},
		"/api/articles/nope":                    {404, "No such article"},
		"/api/articles/ferry-inquiry?offsets=x": {400, "x"},
		"/api/entities/nope":                    {404, "before the name"},
		"/api/entities/person:nope":             {404, "No article"},
		"/api/entities?type=ship":               {400, "ship"},
		"/api/nope":                             {404, "/api/nope"},
		"/feed.atom?of=ships":                   {400, "ships"},
		"/api/quotes.csv?q=date:soon":           {400, "date:soon"},
	} {
		w := get(t, s, path, func(r *http.Request) { r.Header.Set("Accept", "application/json") })
		p := decode[problem](t, w)
		if w.Code != want.status || p.Status != want.status || p.Type == "" || p.Title == "" || !strings.Contains(p.Detail, want.says) ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s answers %d with %+v (%s), want %d that says %q", path, w.Code, p, w.Header().Get("Content-Type"), want.status, want.says)
		}
	}
}

func TestCursor(t *testing.T) {
	s := newServer(t, Config{Store: stored(t)})
	for _, path := range []string{"/api/search?limit=3", "/api/search?limit=7&q=the&sort=relevance", "/api/quotes?limit=50"} {
		seen := map[string]bool{}
		next := ""
		for total := -1; ; {
			w := get(t, s, path+"&cursor="+next)
			page := decode[struct {
				Total int
				Next  string
				Items []struct {
					ID, Article string
					Index       int
				}
			}](t, w)
			if total >= 0 && page.Total != total {
				t.Errorf("%s: total %d after %d", path, page.Total, total)
			}
			total = page.Total
			for _, i := range page.Items {
				key := fmt.Sprint(i.ID, i.Article, "#", i.Index)
				if seen[key] {
					t.Errorf("%s: %s comes twice", path, key)
				}
				seen[key] = true
			}
			if next = page.Next; next == "" {
				if len(seen) != total || total < 8 {
					t.Errorf("%s: %d of %d items on all pages", path, len(seen), total)
				}
				break
			}
		}
	}
	first := decode[searchAnswer](t, get(t, s, "/api/search?limit=3&q=the"))
	if w := get(t, s, "/api/search?limit=3&q=a&cursor="+first.Next); w.Code != http.StatusBadRequest {
		t.Errorf("another question's cursor answers %d", w.Code)
	}
}

func TestExports(t *testing.T) {
	s := newServer(t, Config{Store: stored(t)})
	server := httptest.NewServer(s)
	defer server.Close()
	fetch := func(path string) *http.Response {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		if res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s answers %d, %v", path, res.StatusCode, res.Header)
		}
		return res
	}
	for kind, total := range map[string]int{"search": 21, "quotes": decode[quotesAnswer](t, get(t, s, "/api/quotes?limit=1")).Total} {
		rows, err := csv.NewReader(fetch("/api/" + kind + ".csv").Body).ReadAll()
		if err != nil || len(rows) != total+1 {
			t.Errorf("%s.csv has %d rows, want %d: %v", kind, len(rows), total+1, err)
		}
		lines := 0
		in := bufio.NewScanner(fetch("/api/" + kind + ".ndjson").Body)
		in.Buffer(nil, 1<<24)
		for in.Scan() {
			lines++
			if kind == "search" {
				var rec pipeline.Record
				if err := json.Unmarshal(in.Bytes(), &rec); err != nil || rec.Text == "" {
					t.Errorf("line %d is no record: %v", lines, err)
				}
			}
		}
		if lines != total || in.Err() != nil {
			t.Errorf("%s.ndjson has %d lines, want %d: %v", kind, lines, total, in.Err())
		}
	}
	if got := cells("=HYPERLINK(1)", "-1", "+1", "@x", "fine", "a=b"); !slices.Equal(got, []string{"'=HYPERLINK(1)", "'-1", "'+1", "'@x", "fine", "a=b"}) {
		t.Errorf("cells are %q", got)
	}
}

// An export that breaks off must not look like one that came to its end.
func TestExportBreaksOff(t *testing.T) {
	var recs []pipeline.Record
	for i := range streamPage + 1 {
		recs = append(recs, pipeline.Record{ID: fmt.Sprintf("more-%d", i), Text: "one more", Published: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
	}
	s := newServer(t, Config{Store: &breaking{Store: stored(t, recs...)}})
	server := httptest.NewServer(s)
	defer server.Close()
	res, err := http.Get(server.URL + "/api/search.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewScanner(res.Body)
	lines := 0
	for in.Scan() {
		lines++
	}
	if in.Err() == nil || lines == 0 {
		t.Errorf("after %d lines the export ends with %v, as if that were all", lines, in.Err())
	}
}

// breaking is an index that answers one page.
type breaking struct {
	Store
}

func (b *breaking) Search(ctx context.Context, q search.Query) (*search.Results, error) {
	if q.After != "" {
		return nil, fmt.Errorf("the disk is gone")
	}
	return b.Store.Search(ctx, q)
}

func TestFeed(t *testing.T) {
	s := newServer(t, Config{Store: stored(t)})
	for path, want := range map[string]string{
		"/feed.atom":          "Dateline",
		"/feed.atom?q=strike": "Dateline: strike",
		"/feed.atom?of=quotes&q=speaker:Kiplagat": "Dateline: speaker:Kiplagat (quotes)",
	} {
		w := get(t, s, path)
		if err := xml.Unmarshal(w.Body.Bytes(), &atomFeed{}); err != nil {
			t.Fatal(err)
		}
		feed, err := gofeed.NewParser().ParseString(w.Body.String())
		if err != nil {
			t.Fatal(err)
		}
		if feed.Title != want || len(feed.Items) == 0 || feed.UpdatedParsed == nil {
			t.Errorf("%s is %q with %d items, updated %v", path, feed.Title, len(feed.Items), feed.UpdatedParsed)
		}
		ids := map[string]bool{}
		for _, i := range feed.Items {
			if i.GUID == "" || ids[i.GUID] || i.Title == "" || i.UpdatedParsed == nil || !strings.HasPrefix(i.Link, "http://localhost/articles/") {
				t.Errorf("%s has %+v", path, i)
			}
			ids[i.GUID] = true
		}
	}
}

func TestSuggest(t *testing.T) {
	s := newServer(t, Config{Store: stored(t)})
	got := decode[suggestAnswer](t, get(t, s, "/api/suggest?q=KIPLAG"))
	if len(got.Items) != 1 || got.Items[0].Query != `person:"Peter Kiplagat Rono"` || got.Items[0].Type != "person" {
		t.Errorf("suggestions for kip are %+v", got.Items)
	}
	if got := decode[suggestAnswer](t, get(t, s, "/api/suggest?q=k")); len(got.Items) != 0 {
		t.Errorf("suggestions for one letter are %+v", got.Items)
	}
}
