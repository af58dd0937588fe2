{{- define "agent.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "agent.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "agent.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "agent.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.agentk8sglue.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "agent.serviceAccountName" -}}
{{- default (printf "%s-sa" (include "agent.fullname" .)) .Values.agentk8sglue.serviceExistingAccountName -}}
{{- end -}}

{{- define "agent.credentialsSecret" -}}
{{- default (printf "%s-ac" (include "agent.fullname" .)) .Values.clearml.existingAgentk8sglueSecret -}}
{{- end -}}

{{- define "agent.configSecret" -}}
{{- default (printf "%s-conf" (include "agent.fullname" .)) .Values.clearml.existingClearmlConfigSecret -}}
{{- end -}}

{{- define "agent.registrySecret" -}}
{{- default (printf "%s-ark" (include "agent.fullname" .)) .Values.imageCredentials.existingSecret -}}
{{- end -}}

{{- define "agent.claim" -}}
{{- default (include "agent.fullname" .) .Values.persistence.existingClaim -}}
{{- end -}}

{{- define "agent.image" -}}
{{- $image := .Values.agentk8sglue.image -}}
{{- $registry := default .Values.global.imageRegistry $image.registry -}}
{{- printf "%s%s:%s" (ternary (printf "%s/" $registry) "" (ne $registry "")) $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}

{{/* Namespaces of the pods of tasks, as a JSON list. */}}
{{- define "agent.namespaces" -}}
{{- $own := default .Release.Namespace .Values.agentk8sglue.namespace -}}
{{- $all := list $own -}}
{{- range $queue, $settings := .Values.agentk8sglue.queues -}}
{{- $all = append $all (default $own $settings.namespace) -}}
{{- end -}}
{{- uniq $all | toJson -}}
{{- end -}}

{{/* Names of all queues, as a JSON list. */}}
{{- define "agent.queues" -}}
{{- $names := list -}}
{{- range splitList "," (default "" .Values.agentk8sglue.queue) -}}
{{- with trim . }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{- uniq (concat $names (keys .Values.agentk8sglue.queues | sortAlpha)) | toJson -}}
{{- end -}}

{{/* A Pod from the fields of `basePodTemplate` or `templateOverrides`. */}}
{{- define "agent.pod" -}}
{{- $t := .template -}}
{{- $container := dict -}}
{{- range $field, $value := dict "resources" $t.resources "env" $t.env "volumeMounts" $t.volumeMounts "securityContext" $t.containerSecurityContext -}}
{{- if $value }}{{ $_ := set $container $field $value }}{{ end -}}
{{- end -}}
{{- $spec := dict -}}
{{- range $field, $value := pick $t "initContainers" "schedulerName" "serviceAccountName" "volumes" "priorityClassName" "nodeSelector" "tolerations" "affinity" "hostAliases" -}}
{{- if $value }}{{ $_ := set $spec $field $value }}{{ end -}}
{{- end -}}
{{- with $t.podSecurityContext }}{{ $_ := set $spec "securityContext" . }}{{ end -}}
{{- with .files -}}
{{- $_ := set $spec "volumes" (append (default list $spec.volumes) (dict "name" "filemounts" "secret" (dict "secretName" .secret))) -}}
{{- $mounts := default list $container.volumeMounts -}}
{{- range .files -}}
{{- $mounts = append $mounts (dict "name" "filemounts" "mountPath" (printf "%s/%s" (trimSuffix "/" .folderPath) .name) "subPath" .name "readOnly" true) -}}
{{- end -}}
{{- $_ := set $container "volumeMounts" $mounts -}}
{{- end -}}
{{- with .pullSecret }}{{ $_ := set $spec "imagePullSecrets" (list (dict "name" .)) }}{{ end -}}
{{- if $container }}{{ $_ := set $spec "containers" (list $container) }}{{ end -}}
{{- $metadata := dict -}}
{{- range $field, $value := pick $t "labels" "annotations" -}}
{{- if $value }}{{ $_ := set $metadata $field $value }}{{ end -}}
{{- end -}}
{{- with .namespace }}{{ $_ := set $metadata "namespace" . }}{{ end -}}
{{- dict "metadata" $metadata "spec" $spec | toJson -}}
{{- end -}}

{{/* agent.kubernetes.queues, as JSON. */}}
{{- define "agent.queueTemplates" -}}
{{- $all := dict -}}
{{- range $queue, $settings := .Values.agentk8sglue.queues -}}
{{- $given := dict "template" (default dict $settings.templateOverrides) "namespace" $settings.namespace -}}
{{- $_ := set $all $queue (include "agent.pod" $given | fromJson) -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* What the schema cannot say in one line. */}}
{{- define "agent.check" -}}
{{- $glue := .Values.agentk8sglue -}}
{{- if and (not .Values.clearml.existingAgentk8sglueSecret) (or (not .Values.clearml.agentk8sglueKey) (not .Values.clearml.agentk8sglueSecret)) -}}
{{- fail "clearml.agentk8sglueKey and clearml.agentk8sglueSecret are the agent's credentials: set both, or name a secret with clearml.existingAgentk8sglueSecret" -}}
{{- end -}}
{{- if eq (include "agent.queues" .) "[]" -}}
{{- fail "agentk8sglue.queue names no queue, and agentk8sglue.queues has none" -}}
{{- end -}}
{{- if and .Values.persistence.shared (not .Values.persistence.enabled) -}}
{{- fail "persistence.shared needs persistence.enabled: pods of tasks mount the agent's volume" -}}
{{- end -}}
{{- if and .Values.persistence.shared (gt (len (include "agent.namespaces" . | fromJsonArray)) 1) -}}
{{- fail "persistence.shared needs all pods in one namespace, because a claim belongs to one" -}}
{{- end -}}
{{- if and .Values.persistence.shared (ne (include "agent.namespaces" . | fromJsonArray | first) .Release.Namespace) -}}
{{- fail "persistence.shared needs the pods in the namespace of the release, which has the claim" -}}
{{- end -}}
{{- if (default dict .Values.sessions).portModeEnabled -}}
{{- fail "sessions.portModeEnabled: this agent has no ports mode; make a Service whose selector is a label of basePodTemplate.labels" -}}
{{- end -}}
{{- if contains "clearml-agent-k8s" $glue.image.repository -}}
{{- fail (printf "agentk8sglue.image.repository: %s is the image of ClearML's own agent; name the one of this agent" $glue.image.repository) -}}
{{- end -}}
{{- if $glue.taskAsJob -}}
{{- fail "agentk8sglue.taskAsJob: this agent makes pods and retries tasks itself; leave it out" -}}
{{- end -}}
{{- end -}}
