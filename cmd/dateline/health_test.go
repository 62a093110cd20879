package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	well := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !well || r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{"status":"x"}`))
	}))
	defer s.Close()
	if got := dateline(t, nil, "", "health", s.URL+"/readyz"); got.code != exitDone || !strings.Contains(got.out, `"status"`) {
		t.Errorf("well: %+v", got)
	}
	well = false
	if got := dateline(t, nil, "", "health", s.URL+"/readyz"); got.code != exitFailed || !strings.Contains(got.err, "503") {
		t.Errorf("not well: %+v", got)
	}
	s.Close()
	if got := dateline(t, nil, "", "health", s.URL+"/readyz"); got.code != exitFailed || !strings.Contains(got.err, "ask for health") {
		t.Errorf("nobody there: %+v", got)
	}
	if got := dateline(t, nil, "", "health", "::"); got.code != exitUsage {
		t.Errorf("no address: %+v", got)
	}
}
