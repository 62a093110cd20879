package kibana

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/datelinenews/dateline/deploy/kibana/kibanatest"
)

func client(t *testing.T, f *kibanatest.Kibana, change ...func(*Config)) *Client {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	cfg := Config{Address: s.URL}
	for _, c := range change {
		c(&cfg)
	}
	c, err := NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// done counts the changes by what was done.
func done(changes []Change) string {
	n := map[string]int{}
	as := 0
	for _, c := range changes {
		n[c.Done]++
		if c.As != "" {
			as++
		}
	}
	return fmt.Sprintf("%d created, %d replaced, %d kept, %d under another ID", n[created], n[replaced], n[kept], as)
}

func TestImport(t *testing.T) {
	f, list := kibanatest.New(t), objects(t, Options{})
	c := client(t, f)
	for i, want := range []string{"10 created, 0 replaced, 0 kept, 0 under another ID", "0 created, 10 replaced, 0 kept, 0 under another ID"} {
		changes, err := c.Import(t.Context(), list)
		if err != nil || done(changes) != want {
			t.Errorf("import %d: %s, %v, want %s", i+1, done(changes), err, want)
		}
	}
	if len(f.Objects) != len(list) {
		t.Errorf("there are %d objects after two imports, want %d", len(f.Objects), len(list))
	}
	// What somebody has changed is put right, or kept.
	key := "default|dashboard dateline-overview"
	changed := f.Objects[key]
	changed.Attributes = map[string]any{"title": "Mine"}
	f.Objects[key] = changed
	keeping := client(t, f, func(c *Config) { c.Keep = true })
	if changes, err := keeping.Import(t.Context(), list); err != nil || done(changes) != "0 created, 0 replaced, 10 kept, 0 under another ID" {
		t.Errorf("keeping import: %s, %v", done(changes), err)
	}
	if got := f.Objects[key].Attributes["title"]; got != "Mine" {
		t.Errorf("the title is %q, want it kept", got)
	}
	if _, err := c.Import(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if got := f.Objects[key].Attributes["title"]; got != "Dateline: Overview" {
		t.Errorf("the title is %q, want it put right", got)
	}
}

func TestImportIntoSpaces(t *testing.T) {
	f, list := kibanatest.New(t), objects(t, Options{})
	desk := func(c *Config) { c.Space = "desk" }
	if _, err := client(t, f, desk).Import(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for k := range f.Objects {
		if !strings.HasPrefix(k, "desk|") {
			t.Errorf("%s is not in the space", k)
		}
	}
	// Another space has the IDs, so Kibana gives others, and finds them again.
	other := client(t, f)
	if changes, err := other.Import(t.Context(), list); err != nil || done(changes) != "10 created, 0 replaced, 0 kept, 10 under another ID" {
		t.Errorf("into the other space: %s, %v", done(changes), err)
	}
	if changes, err := other.Import(t.Context(), list); err != nil || done(changes) != "0 created, 10 replaced, 0 kept, 10 under another ID" {
		t.Errorf("again: %s, %v", done(changes), err)
	}
	if len(f.Objects) != 2*len(list) {
		t.Errorf("%d objects in two spaces, want %d", len(f.Objects), 2*len(list))
	}
	if _, err := client(t, f, func(c *Config) { c.Space = "nowhere" }).Import(t.Context(), list); err == nil || !strings.Contains(err.Error(), `no space "nowhere"`) {
		t.Errorf("a space that is not there: %v", err)
	}
	if _, err := client(t, f, func(c *Config) { c.Space = "default" }).Import(t.Context(), list); err != nil {
		t.Errorf("the default space by its name: %v", err)
	}
}

func TestImportErrors(t *testing.T) {
	f, list := kibanatest.New(t), objects(t, Options{})
	c := client(t, f)
	// Without a data view three dashboards or more can't come in; the rest do.
	changes, err := c.Import(t.Context(), slices.DeleteFunc(slices.Clone(list), func(o Object) bool { return o.ID == "dateline-quotes" && o.Type == "index-pattern" }))
	if err == nil || !strings.Contains(err.Error(), "refers to what is not there: index-pattern dateline-quotes") {
		t.Errorf("a missing reference: %v", err)
	}
	if len(changes) == 0 || len(changes) >= len(list)-1 {
		t.Errorf("%d objects came in: %s", len(changes), done(changes))
	}
	// Two that stem from one.
	for _, id := range []string{"one", "two"} {
		f.Objects["desk|dashboard "+id] = kibanatest.Stored{Object: kibanatest.Object{Type: "dashboard", ID: id, Attributes: map[string]any{"title": id}}, Origin: "dateline-dates"}
	}
	_, err = client(t, f, func(c *Config) { c.Space = "desk" }).Import(t.Context(), list)
	if err == nil || !strings.Contains(err.Error(), "dashboard dateline-dates: it may be any of") || !strings.Contains(err.Error(), "delete all but one") {
		t.Errorf("an ambiguous conflict: %v", err)
	}
	odd := slices.Clone(list)
	odd[0].Type = "graph-workspace"
	if _, err := c.Import(t.Context(), odd); err == nil || !strings.Contains(err.Error(), "no objects of that type") {
		t.Errorf("an unknown type: %v", err)
	}
	newer := slices.Clone(list)
	newer[8].TypeMigrationVersion = "9.0.0"
	if _, err := c.Import(t.Context(), newer); err == nil || !strings.Contains(err.Error(), "more recent version") {
		t.Errorf("a newer version: %v", err)
	}
	f.Version = "8.7.1"
	before := f.Requests
	if _, err := c.Import(t.Context(), list); err == nil || !strings.Contains(err.Error(), "Kibana 8.7.1: dateline's dashboards need 8.8.0") || f.Requests != before+1 {
		t.Errorf("an old server: %v", err)
	}
}

func TestImportCredentials(t *testing.T) {
	f, list := kibanatest.New(t), objects(t, Options{})
	f.Auth = map[string]bool{"ApiKey a2V5": true, "Basic YW5uOnNlY3JldA==": true, "Basic Ym86c2VjcmV0": true}
	f.Readers = map[string]bool{"Basic Ym86c2VjcmV0": true}
	for name, c := range map[string]struct {
		set  func(*Config)
		want string
	}{
		"none":     {func(*Config) {}, "401"},
		"wrong":    {func(c *Config) { c.Username, c.Password = "ann", "wrong" }, "check the username and password or the API key"},
		"password": {func(c *Config) { c.Username, c.Password = "ann", "secret" }, ""},
		"key":      {func(c *Config) { c.APIKey, c.Username, c.Password = "a2V5", "ann", "wrong" }, ""},
		"reader":   {func(c *Config) { c.Username, c.Password = "bo", "secret" }, "needs the privilege Saved Objects Management"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(t, f, c.set).Import(t.Context(), list)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Import returns %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// TestFakeIsStrict keeps the fake from taking what Kibana refuses.
func TestFakeIsStrict(t *testing.T) {
	s := httptest.NewServer(kibanatest.New(t))
	defer s.Close()
	send := func(header, query string) int {
		body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.ndjson\"\r\n\r\n{}\r\n--x--\r\n"
		req, err := http.NewRequest(http.MethodPost, s.URL+"/api/saved_objects/_import"+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if header != "" {
			req.Header.Set(header, "true")
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	for _, c := range []struct {
		header, query string
		want          int
	}{{"", "", 400}, {"kbn-xsrf", "?force=true", 400}, {"kbn-xsrf", "?overwrite=true", 200}} {
		if got := send(c.header, c.query); got != c.want {
			t.Errorf("header %q, query %q: %d, want %d", c.header, c.query, got, c.want)
		}
	}
}

func TestOtherServers(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a page":  {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, "the answer is not Kibana's"},
		"a login": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, "answers 302: check the address"},
		"elasticsearch": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"no handler found"}`)
		}, "answers 400"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(c.handler)
			defer s.Close()
			client, err := NewClient(Config{Address: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Import(t.Context(), objects(t, Options{})); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Import returns %v, want %q", err, c.want)
			}
		})
	}
}

// TestTLS trusts by a CA file, under a base path.
func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.StripPrefix("/kibana", kibanatest.New(t)))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{CAFile: ca}, ""}, {Config{Insecure: true}, ""}, {Config{}, "certificate"},
	} {
		c.cfg.Address = s.URL + "/kibana/"
		client, err := NewClient(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Import(t.Context(), objects(t, Options{}))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.cfg, err, c.want)
		}
		client.Close()
	}
}

func TestBadConfig(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Address: "localhost:5601"}, "want http://host:5601"},
		{Config{Address: "http://ann:secret@host"}, "apart from it"},
		{Config{Address: "http://host?x=y"}, "want http://host:5601"},
		{Config{Address: "http://host", Space: "../x"}, "want the identifier"},
		{Config{Address: "http://host", CAFile: "/nowhere"}, "read CA file"},
	} {
		if _, err := NewClient(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("NewClient(%+v) returns %v, want %q", c.cfg, err, c.want)
		}
	}
}
