import { Empty } from '../../components/states.js';
export default function T() {
  return <Empty title="soon" />;
}
