package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// project reads the composition as docker compose does; its schema refuses what it does not know.
func project(t *testing.T) *types.Project {
	t.Helper()
	dir, err := filepath.Abs(deploy)
	if err != nil {
		t.Fatal(err)
	}
	p, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: dir, Environment: types.Mapping{},
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCompose(t *testing.T) {
	p := project(t)
	if len(p.Services) != 9 || p.Name != "dateline" {
		t.Fatalf("%s has %d services", p.Name, len(p.Services))
	}
	once := map[string]bool{"secrets": true, "users": true, "setup": true} // they do their work and end
	for name, s := range p.Services {
		if s.Build == nil && !regexp.MustCompile(`:\d+\.\d+\.\d+$`).MatchString(s.Image) {
			t.Errorf("%s: image %s is not pinned", name, s.Image)
		}
		switch {
		case once[name] && s.Restart != "no":
			t.Errorf("%s is restarted for ever", name)
		case !once[name] && (s.HealthCheck == nil || s.Restart != "unless-stopped"):
			t.Errorf("%s: health check %v, restart %q", name, s.HealthCheck, s.Restart)
		}
		for on, d := range s.DependsOn {
			want := types.ServiceConditionHealthy
			if once[on] {
				want = types.ServiceConditionCompletedSuccessfully
			}
			if d.Condition != want {
				t.Errorf("%s waits for %s until it is %s, want %s", name, on, d.Condition, want)
			}
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may gain privileges", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s is open to other machines at %s", name, port.Published)
			}
		}
		for k, v := range s.Environment {
			if v != nil && regexp.MustCompile(`(?i)password$|api_key|token$`).MatchString(k) {
				t.Errorf("%s has a secret in its environment: %s", name, k)
			}
		}
		if s.Build != nil {
			checkDateline(t, name, s, once[name])
		}
	}
	if w := p.Services["worker"]; w.Deploy == nil || w.Deploy.Replicas == nil || *w.Deploy.Replicas != 2 {
		t.Error("there are not two workers")
	}
	if !p.Networks["inner"].Internal {
		t.Error("the inner network leads outside")
	}
	for _, s := range []string{"kafka", "elasticsearch", "worker", "users", "setup"} {
		for n := range p.Services[s].Networks {
			if n != "inner" {
				t.Errorf("%s is in network %s", s, n)
			}
		}
	}
}

// checkDateline looks at a service that runs the program.
func checkDateline(t *testing.T, name string, s types.ServiceConfig, once bool) {
	t.Helper()
	if !s.ReadOnly || s.User != "65532:65532" || !slices.Contains(s.CapDrop, "ALL") {
		t.Errorf("%s: read-only %v, user %s, without %v", name, s.ReadOnly, s.User, s.CapDrop)
	}
	if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	checkArgs(t, name, s.Command)
	var env []string
	for k := range s.Environment {
		env = append(env, k)
	}
	checkEnv(t, name, env)
	if once {
		return
	}
	test := s.HealthCheck.Test
	if len(test) != 4 || test[0] != "CMD" || test[1] != "/dateline" || test[2] != "health" {
		t.Errorf("%s: health check %v: there is only the program to ask with", name, test)
		return
	}
	port := ":9464"
	if name == "serve" {
		port = ":8080"
	} else if m := s.Environment["DATELINE_METRICS"]; m == nil || *m != port {
		t.Errorf("%s: metrics at %v", name, m)
	}
	if !strings.Contains(test[3], port) {
		t.Errorf("%s: health check asks %s", name, test[3])
	}
}

// TestComposeSecrets runs the script that makes the secrets, twice, with a stand-in for
// Elasticsearch's own tool, and has the program read what it wrote.
func TestComposeSecrets(t *testing.T) {
	for _, tool := range []string{"bash", "zip", "unzip", "base64"} {
		if _, err := exec.LookPath(tool); err != nil {
			if tool != "zip" && tool != "unzip" {
				t.Skipf("there is no %s", tool)
			}
		}
	}
	dir, bin := t.TempDir(), t.TempDir()
	// The stand-in writes a folder in place of a zip file, and unzip copies it.
	put(t, filepath.Join(bin, "certutil"), []byte(`#!/bin/bash
set -euo pipefail
kind=$1 out=""
while [ $# -gt 0 ]; do
  if [ "$1" = --out ]; then out=$2; fi
  shift
done
name=$kind
if [ "$kind" = cert ]; then name=elasticsearch; fi
mkdir -p "$out.d/$name"
echo "certificate of $name" >"$out.d/$name/$name.crt"
echo "key of $name" >"$out.d/$name/$name.key"
`), 0o755)
	put(t, filepath.Join(bin, "unzip"), []byte("#!/bin/bash\ncp -r \"$2\".d/* \"$4\"/\n"), 0o755)
	put(t, filepath.Join(bin, "chown"), []byte("#!/bin/bash\nexit 0\n"), 0o755)
	script := func() string {
		cmd := exec.Command("bash", filepath.Join(deploy, "compose", "secrets.sh"))
		cmd.Env = []string{
			"PATH=" + bin + ":" + os.Getenv("PATH"), "SECRETS=" + dir, "CERTUTIL=" + filepath.Join(bin, "certutil"),
			"KAFKA=kafka:9092", "ELASTICSEARCH=https://elasticsearch:9200", "KIBANA=http://kibana:5601",
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	file := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	if out := script(); !strings.Contains(out, "made") {
		t.Errorf("the first time: %s", out)
	}
	first := file("passwords")
	if out := script(); !strings.Contains(out, "they are there") || file("passwords") != first {
		t.Errorf("the second time: %s", out)
	}
	seen := map[string]bool{}
	for _, name := range []string{"elasticsearch/elastic", "kibana/password", "kafka/password", "users/setup", "users/worker", "users/reader", "users/ingest"} {
		secret := file(name)
		if !regexp.MustCompile(`^[a-zA-Z0-9]{32}$`).MatchString(secret) || seen[secret] {
			t.Errorf("%s is %q", name, secret)
		}
		seen[secret] = true
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if strings.HasSuffix(path, "ca.key") {
			t.Error("the authority's key stays")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	checkConfig(t, "worker", file("dateline.yaml"), "elasticsearch-user: dateline_worker", "kafka-sasl: plain", "kafka:9092")
	checkConfig(t, "ingest", file("ingest.yaml"), "elasticsearch-user: dateline_ingest", "kafka-sasl: plain")
	checkConfig(t, "setup", file("setup.yaml"), "kibana: http://kibana:5601", "elasticsearch-user: dateline_setup", "https://elasticsearch:9200")
	checkConfig(t, "serve", file("serve.yaml"), "elasticsearch-user: dateline_reader", "elasticsearch-ca: /secrets/ca.crt")
	for _, name := range []string{"dateline.yaml", "serve.yaml", "ingest.yaml"} {
		if strings.Contains(file(name), file("elasticsearch/elastic")) {
			t.Errorf("%s holds the superuser's password", name)
		}
	}
	// Everything that a container mounts or reads is there.
	for _, name := range []string{"ca.crt", "elasticsearch/elasticsearch.crt", "elasticsearch/elasticsearch.key", "kafka/client.properties"} {
		if file(name) == "" {
			t.Errorf("%s is empty", name)
		}
	}
}
