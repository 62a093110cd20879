package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/datelinenews/dateline/deploy/kibana/kibanatest"
	"github.com/datelinenews/dateline/pipeline/pipelinetest/servers"
)

func TestSetupKibana(t *testing.T) {
	fake := kibanatest.New(t)
	fake.Auth = map[string]bool{"Basic YW5uOnNlY3JldA==": true, "ApiKey a2V5": true}
	s := httptest.NewServer(fake)
	defer s.Close()
	env := []string{"DATELINE_KIBANA=" + s.URL}
	setup := func(env []string, args ...string) result {
		return dateline(t, env, "", append([]string{"setup"}, args...)...)
	}

	if got := setup(env); got.code != exitFailed || !strings.Contains(got.err, "check the username and password or the API key") {
		t.Errorf("without a login: %+v", got)
	}
	// The login of Elasticsearch serves, where Kibana has none of its own.
	login := append(env, "DATELINE_ELASTICSEARCH_USER=ann", "DATELINE_ELASTICSEARCH_PASSWORD=secret")
	got := setup(login)
	if got.code != exitDone || !strings.Contains(got.out, "kibana data view dateline-articles: created\n") || !strings.Contains(got.out, "kibana dashboard dateline-overview: created\n") {
		t.Errorf("first: %+v", got)
	}
	if got := setup(login); got.code != exitDone || strings.Count(got.out, ": replaced\n") != 10 {
		t.Errorf("again: %+v", got)
	}
	if got := setup(append(login, "DATELINE_KIBANA_API_KEY=a2V5", "DATELINE_ELASTICSEARCH_PASSWORD=wrong"), "--no-kibana-overwrite"); got.code != exitDone || strings.Count(got.out, ": kept\n") != 10 {
		t.Errorf("keeping: %+v", got)
	}
	got = setup(login, "--kibana-space", "desk")
	if got.code != exitDone || strings.Count(got.out, ", for another space has that ID\n") != 10 {
		t.Errorf("another space: %+v", got)
	}
	got = setup(login, "--prefix", "press", "--kibana-links", "https://press.example.org")
	if o, ok := fake.Objects["default|index-pattern press-articles"]; got.code != exitDone || !ok || !strings.Contains(o.Attributes["fieldFormatMap"].(string), "https://press.example.org/articles/") {
		t.Errorf("another prefix: %+v, %+v", got, o)
	}
	for _, c := range [][]string{{"--kibana", "localhost:5601"}, {"--kibana-links", "dateline.example.org"}, {"--kibana-space", "A space"}} {
		if got := setup(login, c...); got.code != exitUsage || !strings.Contains(got.err, "want ") {
			t.Errorf("%v: %+v", c, got)
		}
	}
	if got := setup(nil); got.code != exitUsage || !strings.Contains(got.err, "--kibana http://localhost:5601") {
		t.Errorf("nothing to set up: %+v", got)
	}
}

// TestSetupOffers asks for what the tests' server does not have, which is no failure.
func TestSetupOffers(t *testing.T) {
	url := servers.Elasticsearch(t)
	prefix := strings.ToLower(servers.Name("offers"))
	got := dateline(t, nil, "", "setup", "--elasticsearch", url, "--prefix", prefix, "--ilm", "--ilm-delete-after", "730d", "--transform")
	for _, want := range []string{prefix + "-custom: created\n", prefix + "-lifecycle: left out: this cluster has none\n", prefix + "-entities: left out: this cluster has none\n"} {
		if got.code != exitDone || !strings.Contains(got.out, want) {
			t.Errorf("setup lacks %q: %+v", want, got)
		}
	}
	if got := dateline(t, nil, "", "setup", "--elasticsearch", url, "--prefix", prefix, "--ilm-delete-after", "730d"); got.code != exitUsage {
		t.Errorf("an age without --ilm: %+v", got)
	}
}

// TestSetupWaits sets up servers of which none answers at once.
func TestSetupWaits(t *testing.T) {
	to, err := url.Parse(servers.Elasticsearch(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	var asked atomic.Int64
	elastic := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%4 == 1 {
			http.Error(w, `{"error":{"type":"es_rejected_execution_exception","reason":"busy"}}`, http.StatusTooManyRequests)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer elastic.Close()
	fake := kibanatest.New(t)
	var starting atomic.Int64
	kibana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if starting.Add(1) == 1 {
			http.Error(w, "Kibana server is not ready yet", http.StatusServiceUnavailable)
			return
		}
		fake.ServeHTTP(w, r)
	}))
	defer kibana.Close()
	prefix := strings.ToLower(servers.Name("waits"))
	args := []string{"setup", "--elasticsearch", elastic.URL, "--prefix", prefix, "--kibana", kibana.URL}
	got := dateline(t, nil, "", args...)
	if got.code != exitDone || !strings.Contains(got.out, prefix+"-ledger: created\n") || !strings.Contains(got.out, "-overview: created\n") {
		t.Errorf("setup: %+v", got)
	}
	for _, want := range []string{"elasticsearch: elasticsearch answers 429 es_rejected_execution_exception: busy: it has more to do", "kibana: set up kibana: kibana answers 503: trying again for "} {
		if strings.Count(got.err, want) != 1 {
			t.Errorf("setup tells not once %q:\n%s", want, got.err)
		}
	}
	asked.Store(0)
	if got := dateline(t, nil, "", append(args, "--wait", "0s")...); got.code != exitFailed || !strings.Contains(got.err, "429") {
		t.Errorf("without waiting: %+v", got)
	}
	if got := dateline(t, nil, "", append(args, "--wait=-1s")...); got.code != exitUsage || !strings.Contains(got.err, "--wait is -1s") {
		t.Errorf("less than no time: %+v", got)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody listens there
	got = dateline(t, nil, "", "setup", "--kafka", l.Addr().String(), "--wait", "1500ms")
	if got.code != exitFailed || strings.Count(got.err, "is Kafka running?") != 2 || !strings.Contains(got.err, "dateline: kafka: no broker answers at "+l.Addr().String()) {
		t.Errorf("no broker: %+v", got)
	}
}
