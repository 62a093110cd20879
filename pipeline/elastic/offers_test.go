package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// TestWithoutOffers asks the real server of the tests, which has neither lifecycles nor transforms.
func TestWithoutOffers(t *testing.T) {
	x := open(t)
	changes, err := x.SetupLifecycle(t.Context(), Lifecycle{DeleteAfter: "730d"})
	if err != nil || len(changes) != 1 || changes[0].Done != absent {
		t.Errorf("SetupLifecycle returns %v, %v", changes, err)
	}
	changes, err = x.SetupTransform(t.Context())
	if err != nil || len(changes) != 1 || changes[0].Done != absent {
		t.Errorf("SetupTransform returns %v, %v", changes, err)
	}
	// Neither left anything.
	var have struct {
		Component []struct {
			Template struct {
				Template struct {
					Settings map[string]any `json:"settings"`
				} `json:"template"`
			} `json:"component_template"`
		} `json:"component_templates"`
	}
	if err := x.call(t.Context(), esapi.ClusterGetComponentTemplateRequest{Name: []string{x.custom()}}, &have); err != nil || len(have.Component) != 1 || len(have.Component[0].Template.Template.Settings) != 0 {
		t.Errorf("the custom template is %+v, %v", have, err)
	}
	x.mustWrite(t, pipelinetest.NewRecord("a", 1000, "Ann Brook"))
}

func TestLifecycleAge(t *testing.T) {
	x := fake(t, func(http.ResponseWriter, *http.Request) { t.Error("it asks the server") })
	for _, bad := range []string{"730", "two years", "0d", "1y", "-1d", "1d; x"} {
		if _, err := x.SetupLifecycle(t.Context(), Lifecycle{DeleteAfter: bad}); err == nil || !strings.Contains(err.Error(), "such as 730d") {
			t.Errorf("age %q: %v", bad, err)
		}
	}
}

// ilm is a server of which only the custom template, settings and lifecycles are asked, and which
// takes no policy that Elasticsearch would refuse.
type ilm struct {
	t        *testing.T
	template node
	policies map[string]any
	puts     int
	indices  node // the settings that were put on them
	paths    []string
}

func (f *ilm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in map[string]any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			f.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
	}
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	f.paths = append(f.paths, r.Method+" "+r.URL.Path)
	switch path := r.Method + " " + r.URL.Path; {
	case path == "GET /_ilm/status":
		answer(200, node{"operation_mode": "RUNNING"})
	case path == "GET /_ilm/policy/dateline-lifecycle":
		if f.policies == nil {
			answer(404, node{"error": node{"type": "resource_not_found_exception", "reason": "Lifecycle policy not found: dateline-lifecycle"}, "status": 404})
			return
		}
		answer(200, node{"dateline-lifecycle": node{"version": f.puts, "policy": f.policies}})
	case path == "PUT /_ilm/policy/dateline-lifecycle":
		policy, _ := in["policy"].(map[string]any)
		phases, _ := policy["phases"].(map[string]any)
		for name, p := range phases {
			for k := range p.(map[string]any) {
				if k != "min_age" && k != "actions" {
					answer(400, node{"error": node{"type": "x_content_parse_exception", "reason": "unknown field " + k}})
					return
				}
			}
			for action := range p.(map[string]any)["actions"].(map[string]any) {
				if !map[string]bool{"hot set_priority": true, "warm set_priority": true, "warm forcemerge": true, "delete delete": true}[name+" "+action] {
					answer(400, node{"error": node{"type": "illegal_argument_exception", "reason": fmt.Sprintf("invalid action [%s] defined in phase [%s]", action, name)}})
					return
				}
			}
		}
		f.policies = policy
		f.puts++
		answer(200, node{"acknowledged": true})
	case path == "GET /_component_template/dateline-custom" && f.template != nil:
		answer(200, node{"component_templates": []any{node{"name": "dateline-custom", "component_template": f.template}}})
	case path == "PUT /_component_template/dateline-custom":
		f.template = in
		answer(200, node{"acknowledged": true})
	case r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/_settings"):
		f.indices = in
		answer(200, node{"acknowledged": true})
	default:
		answer(404, node{"error": node{"type": "resource_not_found_exception", "reason": path}})
	}
}

func TestLifecycle(t *testing.T) {
	f := &ilm{t: t, template: node{"template": node{"settings": node{"index.refresh_interval": "30s"}}, "_meta": node{"hash": "x"}}}
	x := fake(t, f.ServeHTTP)
	for _, c := range []struct {
		after, want string
		puts        int
	}{{"", created, 1}, {"", unchanged, 1}, {"730d", updated, 2}, {"730d", unchanged, 2}, {"", updated, 3}} {
		changes, err := x.SetupLifecycle(t.Context(), Lifecycle{DeleteAfter: c.after})
		if err != nil || len(changes) != 1 || changes[0] != (Change{"dateline-lifecycle", c.want}) || f.puts != c.puts {
			t.Errorf("delete after %q: %v, %v, %d puts; want %s, %d", c.after, changes, err, f.puts, c.want, c.puts)
		}
		_, deletes := f.policies["phases"].(map[string]any)["delete"]
		if deletes != (c.after != "") {
			t.Errorf("delete after %q: the policy deletes: %v", c.after, deletes)
		}
	}
	// The user's own setting stays beside ours, and the indices that are there get it.
	got, _ := json.Marshal(f.template)
	if want := `{"_meta":{"hash":"x"},"template":{"settings":{"index.lifecycle.name":"dateline-lifecycle","index.refresh_interval":"30s"}}}`; string(got) != want {
		t.Errorf("custom template %s, want %s", got, want)
	}
	if got := fmt.Sprint(f.indices); got != "map[index.lifecycle.name:dateline-lifecycle]" {
		t.Errorf("settings of the indices: %s", got)
	}
	if last := f.paths[len(f.paths)-1]; last != "PUT /dateline-articles-*,dateline-mentions-*,dateline-quotes-*/_settings" {
		t.Errorf("the settings go to %s", last)
	}
	f.template = nil
	if _, err := x.SetupLifecycle(t.Context(), Lifecycle{}); err == nil {
		t.Error("it goes on without the custom template")
	}
	for modules, want := range map[string]string{`"x-pack-ilm"`: "lacks the privilege", `"transform"`: ""} {
		denied := fake(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/_nodes") {
				_, _ = io.WriteString(w, `{"nodes":{"a":{"modules":[{"name":`+modules+`}]}}}`)
				return
			}
			w.WriteHeader(http.StatusForbidden)
		})
		changes, err := denied.SetupLifecycle(t.Context(), Lifecycle{})
		if want == "" && (err != nil || changes[0].Done != absent) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("forbidden, with the module %s: %v, %v, want %q", modules, changes, err, want)
		}
	}
}

// transforms puts the transform API before a real server.
type transforms struct {
	real *httputil.ReverseProxy

	mu   sync.Mutex
	have map[string]any
	runs bool
	log  []string
}

func (f *transforms) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ours := strings.CutPrefix(r.URL.Path, "/_transform")
	if !ours {
		f.real.ServeHTTP(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	refuse := func(status int, kind string) {
		answer(status, node{"error": node{"type": kind, "reason": kind}, "status": status})
	}
	action := r.Method
	if i := strings.LastIndex(rest, "/_"); i > 0 {
		action += " " + rest[i+1:]
	}
	if rest != "" {
		f.log = append(f.log, action)
	}
	switch {
	case r.Method == http.MethodGet && rest == "":
		answer(200, node{"count": 0, "transforms": []any{}})
	case action == "GET" && f.have == nil, action != "PUT" && f.have == nil:
		refuse(404, "resource_not_found_exception")
	case action == "GET":
		answer(200, node{"count": 1, "transforms": []any{f.have}})
	case action == "PUT":
		var in map[string]any
		if f.have != nil {
			refuse(400, "resource_already_exists_exception")
			return
		}
		if json.Unmarshal(body, &in) != nil || in["source"] == nil || in["dest"] == nil || in["pivot"] == nil {
			refuse(400, "x_content_parse_exception")
			return
		}
		f.have = in
		answer(200, node{"acknowledged": true})
	case action == "POST _start":
		if f.runs {
			refuse(409, "status_exception")
			return
		}
		f.runs = true
		answer(200, node{"acknowledged": true})
	case action == "POST _stop":
		f.runs = false
		answer(200, node{"acknowledged": true})
	case action == "DELETE":
		if f.runs {
			refuse(409, "status_exception")
			return
		}
		f.have = nil
		answer(200, node{"acknowledged": true})
	default:
		refuse(405, "unknown "+action)
	}
}

func TestTransform(t *testing.T) {
	direct := open(t)
	to, err := url.Parse(direct.cfg.Addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	f := &transforms{real: httputil.NewSingleHostReverseProxy(to)}
	s := httptest.NewServer(f)
	defer s.Close()
	cfg := direct.cfg
	cfg.Addresses, cfg.Transport = []string{s.URL}, nil
	x, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	t.Cleanup(func() {
		// The templates name the pipeline, so they go first. Best effort, as in open.
		ctx := context.WithoutCancel(t.Context())
		for _, name := range []string{x.articles(), x.mentions(), x.quotes()} {
			_ = x.call(ctx, esapi.IndicesDeleteIndexTemplateRequest{Name: name}, nil)
		}
		_ = x.call(ctx, esapi.ClusterDeleteComponentTemplateRequest{Name: x.custom()}, nil)
	})
	x.mustWrite(t, pipelinetest.NewRecord("before", 1000, "Ann Brook")) // into an index without the pipeline
	for i, want := range []struct{ done, log string }{
		{created, "GET, PUT, POST _start"},
		{unchanged, "GET, POST _start"},
	} {
		f.log = nil
		changes, err := x.SetupTransform(t.Context())
		if err != nil || len(changes) != 1 || changes[0].Done != want.done || strings.Join(f.log, ", ") != want.log {
			t.Errorf("%d: %v, %v, %v, want %v", i, changes, err, f.log, want)
		}
	}
	// One of another release is made anew.
	f.have["_meta"] = map[string]any{"hash": "old"}
	f.log = nil
	if changes, err := x.SetupTransform(t.Context()); err != nil || changes[0].Done != updated || strings.Join(f.log, ", ") != "GET, POST _stop, DELETE, PUT, POST _start" {
		t.Errorf("another release: %v, %v, %v", changes, err, f.log)
	}
	if changes, err := x.Setup(t.Context()); err != nil || changes[1] != (Change{x.custom(), unchanged}) {
		t.Errorf("Setup touches the custom template: %v, %v", changes, err)
	}
	// Documents of old and new indices now tell when they were stored.
	later := pipelinetest.NewRecord("after", 2000, "Ann Brook", "Bo Reed")
	later.Published = later.Published.AddDate(0, 2, 0)
	x.mustWrite(t, later)
	x.mustWrite(t, pipelinetest.NewRecord("again", 2000, "Ann Brook"))
	for id, want := range map[string]int{"after": 1, "again": 1, "before": 0} {
		got := x.ids(t, x.articles(), node{"bool": node{"filter": []any{node{"term": node{"article.id": id}}, node{"exists": node{"field": "event.ingested"}}}}})
		if len(got) != want {
			t.Errorf("%s: %d with the time of storing, want %d", id, len(got), want)
		}
	}
	x.pivot(t, f.have)
}

// pivot runs what the transform would: its groups as a composite aggregation. Of its values only
// top_metrics is left out, which the server of the tests lacks.
func (x *Index) pivot(t *testing.T, transform map[string]any) {
	t.Helper()
	if err := x.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	pivot := transform["pivot"].(map[string]any)
	aggs := pivot["aggregations"].(map[string]any)
	if _, ok := aggs["latest"].(map[string]any)["top_metrics"]; !ok {
		t.Fatalf("latest is no top_metrics: %v", aggs)
	}
	delete(aggs, "latest")
	sources := []any{}
	for name, group := range pivot["group_by"].(map[string]any) {
		sources = append(sources, node{name: group})
	}
	body, err := json.Marshal(node{"size": 0, "aggs": node{"entities": node{"composite": node{"size": 100, "sources": sources}, "aggs": aggs}}})
	if err != nil {
		t.Fatal(err)
	}
	type value struct {
		Value float64 `json:"value"`
	}
	var res struct {
		Aggregations struct {
			Entities struct {
				Buckets []struct {
					Key      map[string]string `json:"key"`
					Articles value             `json:"articles"`
					Mentions value             `json:"mentions"`
					First    value             `json:"first"`
					Last     value             `json:"last"`
				} `json:"buckets"`
			} `json:"entities"`
		} `json:"aggregations"`
	}
	index := transform["source"].(map[string]any)["index"].([]any)[0].(string)
	if err := x.call(t.Context(), esapi.SearchRequest{Index: []string{index}, Body: bytes.NewReader(body)}, &res); err != nil {
		t.Fatal(err)
	}
	var articles, mentions float64
	for _, b := range res.Aggregations.Entities.Buckets {
		if strings.Contains(strings.ToLower(b.Key["entity.key"]), "ann") {
			articles, mentions = b.Articles.Value, b.Mentions.Value
			if b.First.Value == 0 || b.Last.Value <= b.First.Value {
				t.Errorf("first %v, last %v", b.First.Value, b.Last.Value)
			}
		}
	}
	if len(res.Aggregations.Entities.Buckets) < 2 || articles != 3 || mentions < articles {
		t.Errorf("Ann Brook is in %v articles, %v times: %+v", articles, mentions, res.Aggregations.Entities.Buckets)
	}
}
