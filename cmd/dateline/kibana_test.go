package main

import (
	"net/http/httptest"
	"strings"
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
