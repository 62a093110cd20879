package elastic

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
	"github.com/datelinenews/dateline/pipeline/search"
)

// TestRoles has each process do its work with the role that deploy/compose/roles gives it, and none
// do another's.
func TestRoles(t *testing.T) {
	if testing.Short() {
		t.Skip("a server of its own: not with -short")
	}
	const password = "secret-enough"
	node := servers.StartElasticsearch(t, servers.ElasticsearchOptions{Password: password})
	put := func(path string, body []byte) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPut, node.URL+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("elastic", password)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
			t.Fatalf("PUT %s: %s: %s", path, res.Status, b)
		}
	}
	as := map[string]*Index{}
	for _, role := range []string{"setup", "worker", "reader", "ingest", "editor"} {
		body, err := os.ReadFile(filepath.Join("..", "..", "deploy", "compose", "roles", role+".json"))
		if err != nil {
			t.Fatal(err)
		}
		put("/_security/role/dateline_"+role, body)
		put("/_security/user/dateline_"+role, []byte(`{"password":"`+password+`","roles":["dateline_`+role+`"]}`))
		x, err := Open(Config{Addresses: []string{node.URL}, Username: "dateline_" + role, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close() })
		defer x.Close()
		as[role] = x
	}
	denied := func(what string, err error) {
		t.Helper()
		var status *StatusError
		if !errors.As(err, &status) || status.Status != http.StatusForbidden {
			t.Errorf("%s: %v, want it forbidden", what, err)
		}
	}
	ctx := t.Context()
	_, err := as["worker"].Setup(ctx)
	denied("setup by a worker", err)
	for range 2 {
		if _, err := as["setup"].Setup(ctx); err != nil {
			t.Fatalf("setup: %v", err)
		}
	}
	if _, err := as["setup"].SetupLifecycle(ctx, Lifecycle{}); err != nil {
		t.Errorf("lifecycle: %v", err)
	}
	if _, err := as["setup"].SetupTransform(ctx); err != nil {
		t.Errorf("transform: %v", err)
	}
	one, two := pipelinetest.NewRecord("a", 1000, "Ann Brook", "Bo Reed"), pipelinetest.NewRecord("a", 2000, "Ann Brook")
	two.Published = two.Published.AddDate(0, 1, 0) // so that documents are deleted, too
	for _, r := range []pipeline.Record{one, two} {
		if err := as["worker"].Write(ctx, []pipeline.Record{r}); err != nil {
			t.Fatalf("write: %v", err)
		}
	}
	for _, role := range []string{"worker", "ingest"} {
		if err := as[role].WritePolls(ctx, []Poll{{Host: role, Time: time.Now(), URL: "https://example.org/rss", Outcome: "new"}}); err != nil {
			t.Errorf("polls told by %s: %v", role, err)
		}
	}
	if err := as["worker"].WriteHealth(ctx, Health{Host: "one", Time: time.Now(), Stored: 1}); err != nil {
		t.Errorf("health told by a worker: %v", err)
	}
	denied("health told by ingest", as["ingest"].WriteHealth(ctx, Health{Host: "one", Time: time.Now()}))
	_, err = as["ingest"].Get(ctx, "a")
	denied("an article read by ingest", err)
	denied("polls deleted by ingest", as["ingest"].call(ctx, esapi.DeleteByQueryRequest{Index: []string{as["ingest"].feeds()}, Body: strings.NewReader(`{"query":{"match_all":{}}}`)}, nil))
	if err := as["reader"].WritePolls(ctx, []Poll{{Time: time.Now(), URL: "https://example.org/rss"}}); err == nil {
		t.Error("a reader tells of polls")
	}
	if err := as["worker"].Refresh(ctx); err != nil {
		t.Errorf("refresh: %v", err)
	}
	if err := as["setup"].customise(ctx, "refresh_interval", "5s"); err != nil {
		t.Errorf("a setting of the cluster's own: %v", err)
	}
	for _, role := range []string{"worker", "reader", "editor"} {
		res, err := as[role].Search(ctx, search.Query{Limit: 10})
		if err != nil || len(res.Hits) != 1 {
			t.Errorf("search by a %s: %+v, %v", role, res, err)
		}
		if _, err := as[role].Get(ctx, "a"); err != nil {
			t.Errorf("get by a %s: %v", role, err)
		}
	}
	// Corrections are made and undone by editors, and applied by everybody.
	wrong := corrections.Correction{Kind: corrections.NotAName, Time: two.Published, Key: "person:ann-brook", Name: "Ann Brook"}
	_, err = as["reader"].Corrections().Add(ctx, wrong)
	denied("a correction by a reader", err)
	made, err := as["editor"].Corrections().Add(ctx, wrong)
	if err != nil {
		t.Errorf("a correction: %v", err)
	}
	for _, role := range []string{"worker", "reader", "editor"} {
		if list, err := as[role].Corrections().List(ctx); err != nil || len(list) != 1 {
			t.Errorf("corrections as a %s reads them: %+v, %v", role, list, err)
		}
	}
	denied("an undo by a reader", as["reader"].Corrections().Undo(ctx, made.ID))
	if err := as["editor"].Corrections().Undo(ctx, made.ID); err != nil {
		t.Errorf("an undo: %v", err)
	}
	if err := as["editor"].Write(ctx, []pipeline.Record{two}); err == nil {
		t.Error("an editor writes articles")
	}
	if err := as["reader"].Write(ctx, []pipeline.Record{two}); err == nil {
		t.Error("a reader writes")
	}
	if got, err := as["reader"].Get(ctx, "a"); err != nil || got.Revision != two.Revision {
		t.Errorf("after a reader's write: %+v, %v", got, err)
	}
}
