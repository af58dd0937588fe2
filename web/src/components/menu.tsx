import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

interface MenuProps {
  /** On the button. */
  label: ComponentChildren;
  buttonClass?: string;
  /** Where the label is no text. */
  name?: string;
  children: (close: () => void) => ComponentChildren;
}

/** A panel that a button opens below itself. Escape and a click elsewhere close it, and the button has the focus again. */
export function Menu({ label, buttonClass = 'button', name, children }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!isOpen) return;
    const leave = (event: Event) => {
      if (event.target instanceof Node && frame.current?.contains(event.target) !== true) setOpen(false);
    };
    const closeOnEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', leave);
    document.addEventListener('focusin', leave);
    document.addEventListener('keydown', closeOnEscape);
    frame.current
      ?.querySelector<HTMLElement>('.menu-panel input, .menu-panel button, .menu-panel a')
      ?.focus();
    return () => {
      document.removeEventListener('pointerdown', leave);
      document.removeEventListener('focusin', leave);
      document.removeEventListener('keydown', closeOnEscape);
    };
  }, [isOpen]);
  return (
    <div class="menu" ref={frame}>
      <button
        ref={button}
        type="button"
        class={buttonClass}
        aria-label={name}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {label}
      </button>
      {isOpen && (
        <div class="menu-panel" id={id}>
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  );
}

interface ChoicesMenuProps {
  label: string;
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  /** The panel; mounted while it is open. */
  children: (toggle: (value: string) => void) => ComponentChildren;
}

/** A filter with several choices; the button says how many are chosen. */
export function ChoicesMenu({ label, chosen, onChange, children }: ChoicesMenuProps) {
  const count = chosen.length === 0 ? '' : ` · ${chosen.length}`;
  const toggle = (value: string) =>
    onChange(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  return (
    <Menu label={`${label}${count}`} buttonClass={chosen.length === 0 ? 'button' : 'button chosen'}>
      {() => children(toggle)}
    </Menu>
  );
}

interface ChecksProps {
  /** Value and text. */
  options: readonly (readonly [string, string])[];
  chosen: readonly string[];
  onToggle: (value: string) => void;
}

type ChoicesProps = Omit<ChoicesMenuProps, 'children'> & Pick<ChecksProps, 'options'>;

export function Choices({ options, ...menu }: ChoicesProps) {
  return (
    <ChoicesMenu {...menu}>
      {(toggle) => <Checks options={options} chosen={menu.chosen} onToggle={toggle} />}
    </ChoicesMenu>
  );
}

const SEARCH_FROM = 9;

export function Checks({ options, chosen, onToggle }: ChecksProps) {
  const [text, setText] = useState('');
  const shown = options.filter(([, title]) => title.toLowerCase().includes(text.toLowerCase()));
  return (
    <>
      {options.length >= SEARCH_FROM && (
        <input
          class="input"
          type="search"
          aria-label="Find a choice"
          placeholder="Find"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      {shown.length === 0 && <p class="hint menu-note">Nothing to choose from.</p>}
      {shown.slice(0, 200).map(([value, title]) => (
        <label class="menu-check" key={value}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => onToggle(value)} />
          {title}
        </label>
      ))}
    </>
  );
}
