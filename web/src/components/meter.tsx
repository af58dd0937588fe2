import './meter.css';

interface MeterProps {
  label: string;
  /** 0 to 100; undefined: not known. */
  percent: number | undefined;
  /** Beside the bar; otherwise the percentage. */
  text?: string;
  /** The label is for screen readers only. */
  hideLabel?: boolean;
}

/** A bar that fills with use. */
export function Meter({ label, percent, text, hideLabel = false }: MeterProps) {
  const shown = text ?? (percent === undefined ? '–' : `${Math.round(percent)} %`);
  return (
    <div class="meter">
      <span class={hideLabel ? 'visually-hidden' : 'meter-label'}>{label}</span>
      <meter class="meter-bar" min={0} max={100} value={percent ?? 0} aria-label={label}>
        {shown}
      </meter>
      <span class="meter-text">{shown}</span>
    </div>
  );
}
